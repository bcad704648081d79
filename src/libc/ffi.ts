/**
 * The binding in use: ffi-rs, or koffi where ffi-rs has no binary for the platform (FreeBSD, OpenBSD …) or where
 * the user chose it. It is loaded on first use, and the same in all threads and child processes: the main thread
 * chooses, a plan (`LibcPlan`) tells workers, and child processes are told with their order.
 */
import { LibraryError } from '../errors.ts'
import type { Binding, BindingName, LibraryKey, NativeFunction } from './bindings/binding.ts'
import { ffiRsVersion, loadFfiRs } from './bindings/ffi-rs.ts'
import { loadKoffi } from './bindings/koffi.ts'
import type { Pointer, Signature } from './signatures.ts'

export { bindingNames, fileOfKey, keyOfFile, MAIN_PROGRAM } from './bindings/binding.ts'
export type { BindingName, LibraryKey } from './bindings/binding.ts'

const loaders: Record<BindingName, () => Binding> = { 'ffi-rs': loadFfiRs, koffi: loadKoffi }
const loaded = new Map<BindingName, Binding>()

let chosen: BindingName | undefined
let inUse: Binding | undefined

/**
 * Chooses the binding for all that is bound from now on in this thread. Undefined leaves it as it is: as it was
 * chosen, or else the first that can be loaded. Nothing is loaded yet.
 */
export function chooseBinding(name: BindingName | undefined): void {
  if (name === undefined || name === chosen) return
  chosen = name
  inUse = undefined
}

/** The binding that was chosen, which other processes are to choose too; undefined where none was. */
export function chosenBinding(): BindingName | undefined {
  return chosen
}

/** The name and the version of the binding in use. Loads it: throws `LibraryError`. */
export function bindingInUse(): Pick<Binding, 'name' | 'version'> {
  const { name, version } = binding()
  return { name, version }
}

/**
 * The binding that a `LibraryError` names where none can be loaded, and of which it is said then that it is
 * missing. Its version is known all the same where it is installed without a binary.
 */
export const USUAL_BINDING = 'ffi-rs' satisfies BindingName
export const usualBindingVersion = ffiRsVersion

function binding(): Binding {
  return (inUse ??= chosen === undefined ? loadFirst() : load(chosen))
}

function load(name: BindingName): Binding {
  const known = loaded.get(name) ?? loaders[name]()
  loaded.set(name, known)
  return known
}

/** ffi-rs, which comes with the package; koffi, if it is there, where ffi-rs cannot be loaded. */
function loadFirst(): Binding {
  try {
    return load('ffi-rs')
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error
    try {
      return load('koffi')
    } catch (other) {
      if (!(other instanceof LibraryError)) throw other
      throw new LibraryError(USUAL_BINDING, `${error.reason}; koffi in its place: ${other.reason}`, {
        cause: error,
      })
    }
  }
}

/** What a thread does around each native call. */
export interface CallGuard {
  readonly before: () => void
  readonly after: () => void
}

/** Modules may be there more than once in a thread: those of a program that was bundled, and those that it loads. */
const GUARD = Symbol.for('evloop: around native calls')
const thread = globalThis as { [GUARD]?: CallGuard }

/**
 * Has this thread do something around each native call, of functions that are bound from now on. For threads that others
 * end: ffi-rs aborts the process where a thread is ended while it converts arguments, because it takes for granted that
 * it can look at them (`unwrap` of a pending exception). Undefined: no more, for functions that are bound then.
 */
export function guardCalls(calls: CallGuard | undefined): void {
  if (calls === undefined) delete thread[GUARD]
  else thread[GUARD] = calls
}

function guarded<T>(call: () => T): T {
  const guard = thread[GUARD]
  if (guard === undefined) return call()
  guard.before()
  try {
    return call()
  } finally {
    guard.after()
  }
}

/** `Binding.openLibrary` of the binding in use. */
export function openLibrary(key: LibraryKey, path: string): void {
  binding().openLibrary(key, path)
}

/** `Binding.hasSymbol` of the binding in use. */
export function hasSymbol(key: LibraryKey, symbol: string): boolean {
  return binding().hasSymbol(key, symbol)
}

/** `Binding.bind` of the binding in use. */
export function bind(key: LibraryKey, symbol: string, signature: Signature): NativeFunction {
  const native = binding().bind(key, symbol, signature)
  const guard = thread[GUARD]
  if (guard === undefined) return native
  const { before, after } = guard
  return (...args) => {
    before()
    try {
      return native(...args)
    } finally {
      after()
    }
  }
}

/** `Binding.addressOf` of the binding in use. */
export function addressOf(bytes: Uint8Array): Pointer {
  return guarded(() => binding().addressOf(bytes))
}

/** `Binding.bytesAt` of the binding in use. */
export function bytesAt(address: Pointer, length: number): Uint8Array {
  return guarded(() => binding().bytesAt(address, length))
}
