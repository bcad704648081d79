import { LibraryError } from '../errors.ts'
import { bind, hasSymbol, keyOfFile, openLibrary } from './ffi.ts'
import { signatures } from './signatures.ts'
import type { FunctionName, Signature } from './signatures.ts'
import { variadicPadding } from './variadic.ts'

/** A library of our own, with the functions of its table. */
export interface NativeLibrary<N extends string> {
  readonly fn: Readonly<Record<N, (...args: readonly number[]) => number>>
}

/** Loads a library and binds its functions. Main thread only. Throws `LibraryError`. */
export function loadNativeLibrary<N extends string>(
  path: string,
  table: Readonly<Record<N, Signature>>,
): NativeLibrary<N> {
  const key = keyOfFile(path)
  openLibrary(key, path)
  const fn = Object.fromEntries(
    Object.entries<Signature>(table).map(([name, signature]) => {
      if (!hasSymbol(key, name)) throw new LibraryError(path, `it has no ${name}`)
      return [name, bind(key, name, signature)]
    }),
  ) as NativeLibrary<N>['fn']
  return { fn }
}

/**
 * The arguments of a call as the registers and the stack take them, in order: with the padding that a variadic
 * function needs on some platforms.
 */
export function nativeArguments(name: FunctionName, args: readonly number[]): readonly number[] {
  const signature: Signature = signatures[name]
  const padding = variadicPadding(signature, process.platform, process.arch)
  const fixed = signature.fixed ?? args.length
  return [...args.slice(0, fixed), ...Array<number>(padding).fill(0), ...args.slice(fixed)]
}
