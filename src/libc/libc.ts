import { existsSync, realpathSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { resolve } from 'node:path'
import { LibraryError, SystemError, UnsupportedError } from '../errors.ts'
import {
  addressOf,
  bind,
  bindingInUse,
  bytesAt,
  chooseBinding,
  fileOfKey,
  hasSymbol,
  keyOfFile,
  MAIN_PROGRAM,
  openLibrary,
} from './ffi.ts'
import type { BindingName, LibraryKey } from './ffi.ts'
import { MappedQueue } from './shared-queue.ts'
import type { QueuePlace, SharedQueue } from './shared-queue.ts'
import { NULL, signatures } from './signatures.ts'
import type { ArgumentsOf, FunctionName, Functions, Pointer, ResultOf } from './signatures.ts'

export {
  bindingInUse,
  bindingNames,
  bytesAt,
  chooseBinding,
  chosenBinding,
  guardCalls,
  USUAL_BINDING,
  usualBindingVersion,
} from './ffi.ts'
export type { BindingName } from './ffi.ts'

/** Which library each function was found in. Plain data: it travels to workers, which must not look again. */
export interface LibcPlan {
  /** What the functions are called by. */
  readonly ffi: BindingName
  readonly bindings: Readonly<Partial<Record<FunctionName, LibraryKey>>>
  readonly errnoFunction: string
  /** The library that was put in front, for another process that is to use the same functions. */
  readonly lib?: string
}

/**
 * The C functions of this process. `fn` holds every function of the table; one that no library has throws
 * `UnsupportedError` when called, and `has` tells beforehand.
 */
export interface Libc {
  readonly fn: Functions
  readonly plan: LibcPlan
  has(name: FunctionName): boolean
  /** errno of this thread. Meaningful only right after a call whose result says that it failed. */
  errno(): number
  /** The time by which its calls wait, in nanoseconds since an arbitrary moment. Absent: that of the machine. */
  clock?(): bigint
  /** The descriptors that are open, where they are none of this process. Absent: the process has them. */
  openNumbers?(): readonly number[]
  /** What `/proc/self/fdinfo` says of a descriptor that is none of this process; undefined where it is not open. */
  fdinfo?(fd: number): string | undefined
  /** A queue in memory that is shared with the kernel. Throws `RingError` where there cannot be one. */
  queue(place: QueuePlace): SharedQueue
}

export interface LibcOptions {
  /** A library whose functions come before those of the main program: `--lib PATH`. */
  readonly lib?: string | undefined
  /**
   * What functions are called by, here and from now on in this thread. By default as it was, at first ffi-rs, or
   * koffi where ffi-rs has no binary.
   */
  readonly ffi?: BindingName | undefined
}

const functionNames = Object.keys(signatures) as FunctionName[]

/** musl and glibc, macOS and FreeBSD, OpenBSD and NetBSD name the function that has errno's address so. */
const errnoFunctions = ['__errno_location', '__error', '__errno']

/**
 * Opens the C library: looks every function up, in `lib` first if one is given, then in the main program (so
 * that a preloaded library counts). Main thread only. Throws `LibraryError` where the binding or `lib` is
 * missing or cannot be loaded.
 */
export function openLibc(options: LibcOptions = {}): Libc {
  chooseBinding(options.ffi)
  openLibrary(MAIN_PROGRAM, '')
  const ffi = bindingInUse().name
  // The helpers of ffi-rs.ts use memset; it too must be resolved before a worker uses it.
  hasSymbol(MAIN_PROGRAM, 'memset')
  const errnoFunction = errnoFunctions.find((name) => hasSymbol(MAIN_PROGRAM, name))
  if (errnoFunction === undefined) throw new LibraryError('libc', 'it does not say where errno is')
  const inMain = functionNames.filter((name) => hasSymbol(MAIN_PROGRAM, name))
  const bindings: Partial<Record<FunctionName, LibraryKey>> = Object.fromEntries(
    inMain.map((name) => [name, MAIN_PROGRAM]),
  )
  const main = attachLibc({ ffi, bindings, errnoFunction })
  if (options.lib === undefined) return main
  const { lib } = options
  return attachLibc({ ffi, bindings: { ...bindings, ...bindingsOf(main, lib) }, errnoFunction, lib })
}

/**
 * The functions that a library itself defines, and those that only its dependencies have. A lookup in a
 * library also searches what it depends on, libc among it; were libc's own functions taken from there, a
 * preloaded library would be bypassed. So a function counts as the library's when `dladdr` says that its
 * address lies in that file, or when the main program does not have it at all.
 */
function bindingsOf(main: Libc, lib: string): Partial<Record<FunctionName, LibraryKey>> {
  const path = resolve(lib)
  if (!existsSync(path)) throw new LibraryError(lib, 'there is no such file')
  const key = keyOfFile(path)
  try {
    openLibrary(key, path)
  } catch (error) {
    throw new LibraryError(lib, whyNotLoaded(main, path) ?? (error as LibraryError).reason, {
      cause: error,
    })
  }
  const file = realpathSync(path)
  const found = functionNames.filter(
    (name) => hasSymbol(key, name) && (!main.has(name) || definedIn(main, path, name) === file),
  )
  return Object.fromEntries(found.map((name) => [name, key]))
}

/** What the dynamic linker says of a library that it does not load; the binding says nothing of that. */
function whyNotLoaded(main: Libc, path: string): string | undefined {
  if (!main.has('dlopen') || !main.has('dlerror') || main.fn.dlopen(path, RTLD_NOW) !== NULL) return undefined
  const message = main.fn.dlerror()
  return message === NULL ? undefined : readCString(main, message).replace(`${path}: `, '')
}

/** `RTLD_NOW`: the same number on Linux, macOS and the BSDs. */
const RTLD_NOW = 2

/** The address of a symbol of a library (an empty path: of the main program); NULL where it has none. */
export function symbolAddress(libc: Libc, path: string, symbol: string): Pointer {
  return libc.fn.dlsym(path === '' ? NULL : libc.fn.dlopen(path, RTLD_NOW), symbol)
}

/** The address of a function in use: what native code needs to call it too. NULL where it is missing. */
export function functionAddress(libc: Libc, name: FunctionName): Pointer {
  const key = libc.plan.bindings[name]
  return key === undefined ? NULL : symbolAddress(libc, fileOfKey(key), name)
}

/** The file that holds the function that a lookup in `path` (empty: the main program) finds. */
function definedIn(libc: Libc, path: string, name: FunctionName): string | undefined {
  const address = symbolAddress(libc, path, name)
  // Dl_info: four pointers, the first of which is the file's name.
  const info = new BigUint64Array(new ArrayBuffer(32))
  const found = libc.fn.dladdr(address, addressOf(new Uint8Array(info.buffer)))
  const fileName = Number(info[0] ?? 0n) as Pointer
  if (found === 0 || fileName === NULL) return undefined
  const text = readCString(libc, fileName)
  try {
    return realpathSync(text)
  } catch {
    return text
  }
}

/** What `originOf` has found: a look-up costs as much as a hundred calls, and its answer does not change. */
const origins = new WeakMap<LibcPlan, Map<FunctionName, string | undefined>>()

/** The file that a function in use comes from: how to tell that a preloaded library counts. */
export function originOf(libc: Libc, name: FunctionName): string | undefined {
  const key = libc.plan.bindings[name]
  if (key === undefined || !libc.has('dladdr')) return undefined
  let known = origins.get(libc.plan)
  if (known === undefined) origins.set(libc.plan, (known = new Map()))
  if (!known.has(name)) {
    known.set(name, definedIn(libc, fileOfKey(key), name))
  }
  return known.get(name)
}

/**
 * Whether two functions come from the same file. A library that replaces only one of a family must not get
 * its objects handed to the kernel by the others.
 */
export function sameOrigin(libc: Libc, a: FunctionName, b: FunctionName): boolean {
  return libc.has(a) && libc.has(b) && originOf(libc, a) === originOf(libc, b)
}

/** Copies the NUL-terminated string at an address. */
export function readCString(libc: Libc, address: Pointer): string {
  return Buffer.from(bytesAt(address, libc.fn.strlen(address))).toString('utf8')
}

/**
 * The same functions in another thread, from the plan that the main thread made. It is not decided again which
 * library a function is taken from.
 */
export function attachLibc(plan: LibcPlan): Libc {
  chooseBinding(plan.ffi)
  const fn = Object.fromEntries(
    functionNames.map((name) => {
      const key = plan.bindings[name]
      return [name, key === undefined ? missing(name) : bind(key, name, signatures[name])]
    }),
  ) as unknown as Functions
  const location = bind(MAIN_PROGRAM, plan.errnoFunction, { args: [], result: 'pointer' })
  const bytes = bytesAt(location() as Pointer, 4)
  const cell = new Int32Array(bytes.buffer, bytes.byteOffset, 1)
  return {
    fn,
    plan,
    has: (name) => plan.bindings[name] !== undefined,
    errno: () => cell[0] ?? 0,
    queue: (place) => new MappedQueue(place),
  }
}

/** The time by which the calls of a Libc wait, in nanoseconds. */
export function timeOf(libc: Libc): bigint {
  return libc.clock?.() ?? process.hrtime.bigint()
}

/** What a call of a function that no library has throws. */
export function missingFunction(name: FunctionName): UnsupportedError {
  return new UnsupportedError(name, 'no library in this process has this function')
}

function missing(name: FunctionName): () => never {
  return () => {
    throw missingFunction(name)
  }
}

const errnoNames = new Map(
  Object.entries(osConstants.errno)
    // Two names for one number exist (EAGAIN and EWOULDBLOCK, EOPNOTSUPP and ENOTSUP): these are the usual ones.
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP')
    .map(([name, number]) => [number, name]),
)
// Node has no name for it: the thread of the kernel that was to do it is gone.
if (process.platform === 'linux') errnoNames.set(130, 'EOWNERDEAD')

/** The symbolic name of an errno on this platform, or `errno 123`. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`
}

/** The number of an errno on this platform. */
export function errnoNumber(name: keyof typeof osConstants.errno): number {
  return osConstants.errno[name]
}

/** The error that errno describes right now, after `syscall` has failed. */
export function lastError(libc: Libc, syscall: string, detail?: string): SystemError {
  const errno = libc.errno()
  return new SystemError(syscall, errno, errnoName(errno), detail)
}

/** Calls a function and throws `SystemError` where it returns -1. Not for hot paths: it allocates. */
export function sys<N extends FunctionName>(libc: Libc, name: N, ...args: ArgumentsOf<N>): ResultOf<N> {
  const result = (libc.fn[name] as (...a: ArgumentsOf<N>) => ResultOf<N>)(...args)
  if (result === -1) throw lastError(libc, name)
  return result
}
