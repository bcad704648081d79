/**
 * The only file that touches ffi-rs. What ffi-rs gets wrong stays behind this small surface:
 *
 * - `load` before any `open`, an undefined argument type, or a NULL `char *` result abort the process and
 *   cannot be caught, so nothing but this file builds a parameter object;
 * - `define` costs 2 microseconds a call more than `load` on one reused parameter object (Node 20), and a
 *   `U8Array` argument 1 microsecond more than its address;
 * - its table of libraries and symbols is one unguarded global: the first use of a symbol in two threads at
 *   once crashes. So every library is opened, and every symbol resolved, in the main thread before a worker
 *   starts (`hasSymbol`), and workers only use what is there.
 */
import type * as Ffi from 'ffi-rs'
import { closeSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { LibraryError } from '../../errors.ts'
import type { ArgumentKind, Pointer, Signature } from '../signatures.ts'
import { variadicPadding } from '../variadic.ts'
import { MAIN_PROGRAM } from './binding.ts'
import type { Binding, LibraryKey, NativeFunction } from './binding.ts'

type FfiModule = typeof Ffi

/** Numbers of ffi-rs's `DataType`, repeated here because an enum of a lazily loaded module is not at hand. */
const dataType = { i32: 1, i64: 8, u64: 12, u32: 20, string: 0, bytes: 10, external: 11 } as const

/** The version of ffi-rs, from its package file: known even where it has no binary. */
export function ffiRsVersion(): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)('ffi-rs/package.json') as { version: string }
    return version
  } catch {
    return undefined
  }
}

/**
 * Loads ffi-rs. It throws at import where it has no binary, hence no static import. The main program is opened
 * at once, because a `load` before any `open` aborts the process. Throws `LibraryError`.
 */
export function loadFfiRs(): Binding {
  try {
    const module = loadModule()
    module.open({ library: MAIN_PROGRAM, path: '' })
    return new FfiRs(module)
  } catch (error) {
    throw new LibraryError(
      'ffi-rs',
      `it has no binary for ${process.platform}-${process.arch} (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
      { cause: error },
    )
  }
}

/**
 * Its loader asks a diagnostic report of the whole process for one thing, whether this is glibc or musl, which takes
 * two thirds of the time that it needs, in every thread. Where the program says that itself, the loader gets that answer.
 */
function loadModule(): FfiModule {
  const require = createRequire(import.meta.url)
  if (!isForGlibc()) return require('ffi-rs') as FfiModule
  const { report } = process
  const usual = Object.getOwnPropertyDescriptor(report, 'getReport')
  if (usual === undefined) return require('ffi-rs') as FfiModule
  report.getReport = () => ({ header: { glibcVersionRuntime: 'any' } })
  try {
    return require('ffi-rs') as FfiModule
  } finally {
    Object.defineProperty(report, 'getReport', usual)
  }
}

/** The dynamic linker of a program is named near the beginning of its file. */
const HEAD_BYTES = 4096

/** Whether Node was linked for glibc; false also where nobody can tell. */
function isForGlibc(): boolean {
  const head = Buffer.alloc(HEAD_BYTES)
  try {
    const fd = openSync(process.execPath, 'r')
    try {
      readSync(fd, head, 0, HEAD_BYTES, 0)
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
  return head.includes('/ld-linux')
}

const nativeTypeOf: Record<ArgumentKind, number> = {
  i32: dataType.i32,
  u32: dataType.u32,
  i64: dataType.i64,
  u64: dataType.u64,
  pointer: dataType.i64,
  string: dataType.string,
}

class FfiRs implements Binding {
  readonly name = 'ffi-rs'
  readonly version = ffiRsVersion() ?? 'unknown'
  readonly #ffi: FfiModule

  constructor(module: FfiModule) {
    this.#ffi = module
  }

  openLibrary(key: LibraryKey, path: string): void {
    try {
      this.#ffi.open({ library: key, path })
    } catch (error) {
      throw new LibraryError(
        path,
        error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
        { cause: error },
      )
    }
  }

  /** ffi-rs checks the number of arguments after it has found the symbol, so that one too few tells. */
  hasSymbol(key: LibraryKey, symbol: string): boolean {
    try {
      this.#ffi.load({
        library: key,
        funcName: symbol,
        retType: dataType.i32,
        paramsType: [dataType.i32],
        paramsValue: [],
      })
      return true
    } catch (error) {
      return error instanceof Error && /length is not equal/.test(error.message)
    }
  }

  /** One parameter object is made here and reused by every call, so a call allocates nothing in JavaScript. */
  bind(key: LibraryKey, symbol: string, signature: Signature): NativeFunction {
    const padding = variadicPadding(signature, process.platform, process.arch)
    const fixed = signature.fixed ?? signature.args.length
    const types = signature.args.map((kind) => nativeTypeOf[kind])
    const paramsType = [
      ...types.slice(0, fixed),
      ...Array<number>(padding).fill(dataType.i64),
      ...types.slice(fixed),
    ]
    const values: unknown[] = paramsType.map(() => 0)
    const params = {
      library: key,
      funcName: symbol,
      retType: signature.result === 'i32' ? dataType.i32 : dataType.i64,
      paramsType,
      paramsValue: values,
      freeResultMemory: false,
    }
    const call = this.#ffi.load as unknown as (p: typeof params) => number
    return specialise(call, params, values, signature.args.length, fixed, padding)
  }

  /** `memset` of no bytes returns its first argument and touches nothing. */
  addressOf(bytes: Uint8Array): Pointer {
    return this.#ffi.load({
      library: MAIN_PROGRAM,
      funcName: 'memset',
      retType: dataType.i64,
      paramsType: [dataType.bytes, dataType.i32, dataType.i64],
      paramsValue: [bytes, 0, 0],
      freeResultMemory: false,
    }) as unknown as Pointer
  }

  bytesAt(address: Pointer, length: number): Uint8Array {
    const external = this.#ffi.load({
      library: MAIN_PROGRAM,
      funcName: 'memset',
      retType: dataType.external,
      paramsType: [dataType.i64, dataType.i32, dataType.i64],
      paramsValue: [address, 0, 0],
      freeResultMemory: false,
    })
    return this.#ffi.createExternalBuffer(external as never, length)
  }
}

/** One closure per arity: a rest parameter would allocate an array in every call. */
function specialise<P>(
  call: (params: P) => number,
  params: P,
  v: unknown[],
  arity: number,
  fixed: number,
  padding: number,
): NativeFunction {
  if (padding > 0) {
    return (...args: unknown[]) => {
      for (let i = 0; i < arity; i++) v[i < fixed ? i : i + padding] = args[i]
      return call(params)
    }
  }
  switch (arity) {
    case 0:
      return () => call(params)
    case 1:
      return (a: unknown) => ((v[0] = a), call(params))
    case 2:
      return (a: unknown, b: unknown) => ((v[0] = a), (v[1] = b), call(params))
    case 3:
      return (a: unknown, b: unknown, c: unknown) => ((v[0] = a), (v[1] = b), (v[2] = c), call(params))
    case 4:
      return (a: unknown, b: unknown, c: unknown, d: unknown) => (
        (v[0] = a),
        (v[1] = b),
        (v[2] = c),
        (v[3] = d),
        call(params)
      )
    case 5:
      return (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => (
        (v[0] = a),
        (v[1] = b),
        (v[2] = c),
        (v[3] = d),
        (v[4] = e),
        call(params)
      )
    default:
      return (...args: unknown[]) => {
        for (let i = 0; i < arity; i++) v[i] = args[i]
        return call(params)
      }
  }
}
