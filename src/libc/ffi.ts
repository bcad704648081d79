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
import { createRequire } from 'node:module'
import { LibraryError } from '../errors.ts'
import type { ArgumentKind, Pointer, Signature } from './signatures.ts'

type FfiModule = typeof Ffi

/** Numbers of ffi-rs's `DataType`, repeated here because an enum of a lazily loaded module is not at hand. */
const dataType = { i32: 1, i64: 8, u64: 12, u32: 20, string: 0, bytes: 10, external: 11 } as const

/** The name under which ffi-rs knows a library. Private, because the names are global to the process. */
export type LibraryKey = string & { readonly __brand: 'LibraryKey' }

/** The main program and all that it was started with: preloaded libraries come first, then libc. */
export const MAIN_PROGRAM = 'evloop:main' as LibraryKey

let loaded: FfiModule | undefined

/** The name of the binding, which a `LibraryError` has where it cannot be loaded. */
export const BINDING = 'ffi-rs'

/** The version of the binding, from its package file: known even where it has no binary. */
export function bindingVersion(): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)('ffi-rs/package.json') as { version: string }
    return version
  } catch {
    return undefined
  }
}

/**
 * Loads ffi-rs on first use. It throws at import where it has no binary, hence no static import. The main
 * program is opened at once, because a `load` before any `open` aborts the process.
 */
function ffi(): FfiModule {
  if (loaded === undefined) {
    try {
      const module = createRequire(import.meta.url)('ffi-rs') as FfiModule
      module.open({ library: MAIN_PROGRAM, path: '' })
      loaded = module
    } catch (error) {
      throw new LibraryError(
        BINDING,
        `it has no binary for ${process.platform}-${process.arch} (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
        { cause: error },
      )
    }
  }
  return loaded
}

/**
 * Opens a library under a key. Opening a key twice is a no-op, whatever the path. Main thread only, before
 * the first worker starts. An empty path means the main program. Throws `LibraryError`.
 */
export function openLibrary(key: LibraryKey, path: string): void {
  try {
    ffi().open({ library: key, path })
  } catch (error) {
    if (error instanceof LibraryError) throw error
    throw new LibraryError(
      path,
      error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      {
        cause: error,
      },
    )
  }
}

/**
 * Whether a library (or one that it depends on) has a symbol, without calling it: ffi-rs checks the number of
 * arguments after it has found the symbol. It also makes the symbol safe to use from every thread.
 */
export function hasSymbol(key: LibraryKey, symbol: string): boolean {
  try {
    ffi().load({
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

const nativeTypeOf: Record<ArgumentKind, number> = {
  i32: dataType.i32,
  u32: dataType.u32,
  i64: dataType.i64,
  u64: dataType.u64,
  pointer: dataType.i64,
  string: dataType.string,
}

/** Arm64 macOS passes variadic arguments on the stack only; eight integer registers come before it. */
const REGISTERS_BEFORE_STACK = 8

/**
 * The padding that makes variadic arguments land on the stack on arm64 macOS, where ffi-rs, which knows no
 * variadic calls, would put them in registers. Exported for its test; everywhere else it is zero.
 */
export function variadicPadding(signature: Signature, platform: string, arch: string): number {
  if (signature.fixed === undefined || platform !== 'darwin' || arch !== 'arm64') return 0
  return REGISTERS_BEFORE_STACK - signature.fixed
}

/** A native function as JavaScript sees it. The arguments are checked by the types of `Functions`. */
type NativeFunction = (...args: never[]) => number

/**
 * Binds a symbol to a function. The symbol must have been found by `hasSymbol`. One parameter object is made
 * here and reused by every call, so a call allocates nothing on the JavaScript side.
 */
export function bind(key: LibraryKey, symbol: string, signature: Signature): NativeFunction {
  const { load } = ffi()
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
  const call = load as unknown as (p: typeof params) => number
  return specialise(call, params, values, signature.args.length, fixed, padding)
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

/**
 * The address of a buffer's bytes. It stays right for as long as the buffer is referenced and is not
 * transferred or resized: the bytes of an `ArrayBuffer` do not move. `memset` of no bytes returns its first
 * argument and touches nothing.
 */
export function addressOf(bytes: Uint8Array): Pointer {
  return ffi().load({
    library: MAIN_PROGRAM,
    funcName: 'memset',
    retType: dataType.i64,
    paramsType: [dataType.bytes, dataType.i32, dataType.i64],
    paramsValue: [bytes, 0, 0],
    freeResultMemory: false,
  }) as unknown as Pointer
}

/**
 * The bytes at an address, without a copy. Reading them after the memory was unmapped crashes the process,
 * so this is for memory that outlives the process's threads (errno) or is looked at at once (C strings).
 */
export function bytesAt(address: Pointer, length: number): Uint8Array {
  const external = ffi().load({
    library: MAIN_PROGRAM,
    funcName: 'memset',
    retType: dataType.external,
    paramsType: [dataType.i64, dataType.i32, dataType.i64],
    paramsValue: [address, 0, 0],
    freeResultMemory: false,
  })
  return ffi().createExternalBuffer(external as never, length)
}
