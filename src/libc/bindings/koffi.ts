/**
 * The only file that touches koffi, which is no dependency of ours: whoever needs it installs it. Where it differs
 * from what the rest of evloop expects, that stays behind this small surface:
 *
 * - it takes a BigInt for any number and null for a string, which it passes on as NULL, so that `strlen(null)`
 *   ends the process: the types of arguments are checked here;
 * - a result beyond 2^53 is a BigInt; here it is the nearest number, as everywhere;
 * - each thread has an instance of its own, which opens libraries and finds symbols by itself. `dlopen` and
 *   `dlsym` may be called by several threads at once, and find the same in all of them.
 */
import { createRequire } from 'node:module'
import { LibraryError } from '../../errors.ts'
import type { ArgumentKind, Pointer, Signature } from '../signatures.ts'
import { fileOfKey, MAIN_PROGRAM } from './binding.ts'
import type { Binding, LibraryKey, NativeFunction } from './binding.ts'

/** What is used of koffi. Its own declarations are not at hand where it is not installed. */
interface Koffi {
  readonly version: string
  load(path: string | null): KoffiLibrary
  address(bytes: Uint8Array): bigint
  view(address: number, length: number): ArrayBuffer
}

interface KoffiLibrary {
  /** Throws where the library has no such symbol. `...` as the last type makes the function variadic. */
  func(symbol: string, result: string, args: readonly string[]): (...args: unknown[]) => number | bigint
  /** The address of a symbol. Throws where the library has none. */
  symbol(name: string): bigint
}

/** Loads koffi. Throws `LibraryError`, which says what to do. */
export function loadKoffi(): Binding {
  const require = createRequire(import.meta.url)
  try {
    require.resolve('koffi')
  } catch (error) {
    throw new LibraryError('koffi', 'it is not installed (npm install koffi)', { cause: error })
  }
  try {
    const module = require('koffi') as Koffi
    return new KoffiBinding(module, module.load(null))
  } catch (error) {
    throw new LibraryError(
      'koffi',
      `it has no binary for ${process.platform}-${process.arch} (${firstLine(error)})`,
      { cause: error },
    )
  }
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
}

const nativeTypeOf: Record<ArgumentKind, string> = {
  i32: 'int32',
  u32: 'uint32',
  i64: 'int64',
  u64: 'uint64',
  pointer: 'int64',
  string: 'str',
}

class KoffiBinding implements Binding {
  readonly name = 'koffi'
  readonly version: string
  readonly #koffi: Koffi
  /** Libraries that this thread has open. They are never closed: functions of theirs may be in use. */
  readonly #libraries: Map<LibraryKey, KoffiLibrary>

  constructor(koffi: Koffi, main: KoffiLibrary) {
    this.version = koffi.version
    this.#koffi = koffi
    this.#libraries = new Map([[MAIN_PROGRAM, main]])
  }

  openLibrary(key: LibraryKey, path: string): void {
    if (this.#libraries.has(key)) return
    try {
      this.#libraries.set(key, this.#koffi.load(path === '' ? null : path))
    } catch (error) {
      throw new LibraryError(path, firstLine(error), { cause: error })
    }
  }

  hasSymbol(key: LibraryKey, symbol: string): boolean {
    try {
      return this.#libraries.get(key)?.symbol(symbol) !== undefined
    } catch {
      return false
    }
  }

  /**
   * koffi knows variadic calls, so nothing is padded. An array is made for every call, which costs some 30 ns of
   * about 200: not worth a closure for each number of arguments.
   */
  bind(key: LibraryKey, symbol: string, { args, result, fixed }: Signature): NativeFunction {
    // A worker has not opened what the main thread has.
    const file = fileOfKey(key)
    if (file !== '') this.openLibrary(key, file)
    const types = args.map((kind) => nativeTypeOf[kind])
    const declared = fixed === undefined ? types : [...types.slice(0, fixed), '...']
    const native = this.#libraries.get(key)?.func(symbol, result === 'i32' ? 'int32' : 'int64', declared)
    if (native === undefined) throw new LibraryError(key, 'it is not open')
    const expected = args.map((kind) => (kind === 'string' ? 'string' : 'number'))
    const check = (values: readonly unknown[]): void => {
      for (let i = 0; i < expected.length; i++) {
        if (typeof values[i] !== expected[i]) {
          throw new TypeError(`${symbol}: argument ${i + 1} is a ${typeof values[i]} and no ${expected[i]}`)
        }
      }
    }
    if (fixed === undefined) {
      return (...values: readonly unknown[]) => {
        check(values)
        return Number(native(...values))
      }
    }
    return (...values: readonly unknown[]) => {
      check(values)
      const typed = types.flatMap((type, i) => (i < fixed ? [values[i]] : [type, values[i]]))
      return Number(native(...typed))
    }
  }

  addressOf(bytes: Uint8Array): Pointer {
    return Number(this.#koffi.address(bytes)) as Pointer
  }

  bytesAt(address: Pointer, length: number): Uint8Array {
    // koffi hands NULL to Node, which ends the process.
    if (address === 0) throw new TypeError('there are no bytes at NULL')
    return new Uint8Array(this.#koffi.view(address, length))
  }
}
