/** What a binding to native code must be able to do: all that the rest of evloop knows of ffi-rs and koffi. */
import type { Pointer, Signature } from '../signatures.ts'

/** The bindings that there are, the usual one first. */
export const bindingNames = ['ffi-rs', 'koffi'] as const

export type BindingName = (typeof bindingNames)[number]

/** The name under which a binding knows a library. Private, because ffi-rs's names are global to the process. */
export type LibraryKey = string & { readonly __brand: 'LibraryKey' }

/** The main program and all that it was started with: preloaded libraries come first, then libc. */
export const MAIN_PROGRAM = 'evloop:main' as LibraryKey

const PREFIX = 'evloop:file:'

/** The key of a library that is opened from a file. */
export function keyOfFile(path: string): LibraryKey {
  return `${PREFIX}${path}` as LibraryKey
}

/** The file that a library with such a key is opened from; empty for the main program. */
export function fileOfKey(key: LibraryKey): string {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : ''
}

/** A native function as JavaScript sees it. The arguments are checked by the types of `Functions`. */
export type NativeFunction = (...args: never[]) => number

export interface Binding {
  readonly name: BindingName
  readonly version: string

  /**
   * Opens a library under a key. Opening a key twice is a no-op, whatever the path. Main thread only, before
   * the first worker starts. An empty path means the main program. Throws `LibraryError`.
   */
  openLibrary(key: LibraryKey, path: string): void

  /**
   * Whether a library (or one that it depends on) has a symbol, without calling it. It also makes the symbol
   * safe to use from every thread.
   */
  hasSymbol(key: LibraryKey, symbol: string): boolean

  /**
   * Binds a symbol, which must have been found by `hasSymbol`, in this thread or in the main thread. A call with
   * an argument of a wrong type throws before anything native happens.
   */
  bind(key: LibraryKey, symbol: string, signature: Signature): NativeFunction

  /**
   * The address of a buffer's bytes. It stays right for as long as the buffer is referenced and is not
   * transferred or resized: the bytes of an `ArrayBuffer` do not move.
   */
  addressOf(bytes: Uint8Array): Pointer

  /**
   * The bytes at an address, without a copy. Throws for NULL. Reading them after the memory was unmapped crashes
   * the process, so this is for memory that outlives the process's threads (errno) or is looked at at once
   * (C strings).
   */
  bytesAt(address: Pointer, length: number): Uint8Array
}
