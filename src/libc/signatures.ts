/**
 * Every C function that evloop calls, typed once. The table drives both the native call (which type
 * each argument has) and the TypeScript signature, so that a wrong argument does not compile.
 *
 * Kinds: `i32`, `u32`, `i64`, `u64` and `pointer` are JavaScript numbers (pointers are below 2^53 on every
 * supported platform), `string` is a NUL-terminated UTF-8 string. `size_t` and `ssize_t` are 64 bits wide on
 * every platform that evloop runs on. A result must be declared exactly: an `int` read as `i64` would turn
 * -1 into 4294967295.
 */

/** The address of native memory. Zero is NULL. Made by `Memory`, never computed from a descriptor. */
export type Pointer = number & { readonly __brand: 'Pointer' }

/** The null pointer. */
export const NULL = 0 as Pointer

export type ArgumentKind = 'i32' | 'u32' | 'i64' | 'u64' | 'pointer' | 'string'
export type ResultKind = 'i32' | 'i64' | 'pointer'

/** `fixed` counts the named parameters of a variadic function; absent means that it is not variadic. */
export interface Signature {
  readonly args: readonly ArgumentKind[]
  readonly result: ResultKind
  readonly fixed?: number
}

const int = 'i32'
const uint = 'u32'
const long = 'i64'
const size = 'u64'
const pointer = 'pointer'
const string = 'string'

const returnsInt = <const A extends readonly ArgumentKind[]>(...args: A) => ({ args, result: 'i32' }) as const
const returnsLong = <const A extends readonly ArgumentKind[]>(...args: A) =>
  ({ args, result: 'i64' }) as const
const returnsPointer = <const A extends readonly ArgumentKind[]>(...args: A) =>
  ({ args, result: 'pointer' }) as const

export const signatures = {
  epoll_create: returnsInt(int),
  epoll_create1: returnsInt(int),
  epoll_ctl: returnsInt(int, int, int, pointer),
  epoll_wait: returnsInt(int, pointer, int, int),
  epoll_pwait: returnsInt(int, pointer, int, int, pointer),
  epoll_pwait2: returnsInt(int, pointer, int, pointer, pointer),
  poll: returnsInt(pointer, size, int),
  ppoll: returnsInt(pointer, size, pointer, pointer),
  select: returnsInt(int, pointer, pointer, pointer, pointer),
  pselect: returnsInt(int, pointer, pointer, pointer, pointer, pointer),
  kqueue: returnsInt(),
  kevent: returnsInt(int, pointer, int, pointer, int, pointer),
  /** Of libkqueue alone: waits until what belongs to closed kqueues is closed too. Returns nothing. */
  libkqueue_drain_pending_close: returnsInt(),

  eventfd: returnsInt(uint, int),
  timerfd_create: returnsInt(int, int),
  timerfd_settime: returnsInt(int, int, pointer, pointer),
  timerfd_gettime: returnsInt(int, pointer),
  signalfd: returnsInt(int, pointer, int),
  inotify_init1: returnsInt(int),
  inotify_add_watch: returnsInt(int, string, uint),
  fanotify_init: returnsInt(uint, uint),
  memfd_create: returnsInt(string, uint),

  pipe: returnsInt(pointer),
  pipe2: returnsInt(pointer, int),
  socketpair: returnsInt(int, int, int, pointer),
  socket: returnsInt(int, int, int),
  bind: returnsInt(int, pointer, uint),
  listen: returnsInt(int, int),
  accept4: returnsInt(int, pointer, pointer, int),
  connect: returnsInt(int, pointer, uint),
  shutdown: returnsInt(int, int),
  getsockname: returnsInt(int, pointer, pointer),
  getsockopt: returnsInt(int, int, int, pointer, pointer),
  setsockopt: returnsInt(int, int, int, pointer, uint),
  send: returnsLong(int, pointer, size, int),
  recv: returnsLong(int, pointer, size, int),
  sendmsg: returnsLong(int, pointer, int),
  recvmsg: returnsLong(int, pointer, int),

  open: { args: [string, int, uint], result: 'i32', fixed: 2 },
  close: returnsInt(int),
  close_range: returnsInt(uint, uint, int),
  read: returnsLong(int, pointer, size),
  readv: returnsLong(int, pointer, int),
  write: returnsLong(int, pointer, size),
  pread: returnsLong(int, pointer, size, long),
  pwrite: returnsLong(int, pointer, size, long),
  writev: returnsLong(int, pointer, int),
  lseek: returnsLong(int, long, int),
  splice: returnsLong(int, pointer, int, pointer, size, uint),
  tee: returnsLong(int, int, size, uint),
  vmsplice: returnsLong(int, pointer, size, uint),
  dup: returnsInt(int),
  dup2: returnsInt(int, int),
  dup3: returnsInt(int, int, int),
  fcntl: { args: [int, int, long], result: 'i32', fixed: 2 },
  ioctl: { args: [int, size, pointer], result: 'i32', fixed: 2 },
  mkfifo: returnsInt(string, uint),
  mount: returnsInt(string, string, string, size, pointer),
  umount2: returnsInt(string, int),
  unshare: returnsInt(int),
  sethostname: returnsInt(string, size),
  unlink: returnsInt(string),
  link: returnsInt(string, string),
  rename: returnsInt(string, string),
  chmod: returnsInt(string, uint),
  ftruncate: returnsInt(int, long),

  pthread_sigmask: returnsInt(int, pointer, pointer),
  raise: returnsInt(int),
  sigaction: returnsInt(int, pointer, pointer),
  sigpending: returnsInt(pointer),

  capget: returnsInt(pointer, pointer),
  capset: returnsInt(pointer, pointer),
  getrlimit: returnsInt(int, pointer),
  setrlimit: returnsInt(int, pointer),
  clock_getres: returnsInt(int, pointer),
  clock_gettime: returnsInt(int, pointer),
  clock_settime: returnsInt(int, pointer),
  nanosleep: returnsInt(pointer, pointer),
  sysconf: returnsLong(int),
  prctl: { args: [int, long, long, long, long], result: 'i32', fixed: 1 },
  mmap: returnsPointer(pointer, size, int, int, int, long),
  mprotect: returnsInt(pointer, size, int),
  munmap: returnsInt(pointer, size),
  syscall: { args: [long, long, long, long, long, long, long], result: 'i64', fixed: 1 },
  getppid: returnsInt(),
  daemon: returnsInt(int, int),
  waitpid: returnsInt(int, pointer, int),
  waitid: returnsInt(int, int, pointer, int),
  open_memstream: returnsPointer(pointer, pointer),
  malloc_info: returnsInt(int, pointer),
  fclose: returnsInt(pointer),
  free: returnsInt(pointer),
  getcontext: returnsInt(pointer),
  makecontext: {
    args: [pointer, pointer, int, long, long, long, long, long, long],
    result: 'i32',
    fixed: 3,
  },
  execve: returnsInt(pointer, pointer, pointer),
  clone: { args: [pointer, pointer, int, pointer], result: 'i32', fixed: 4 },
  gnu_get_libc_version: returnsPointer(),
  dlopen: returnsPointer(string, int),
  dlsym: returnsPointer(pointer, string),
  dlerror: returnsPointer(),
  dladdr: returnsInt(pointer, pointer),
  getpagesize: returnsInt(),
  strlen: returnsLong(pointer),
  memset: returnsPointer(pointer, int, size),
  memcpy: returnsPointer(pointer, pointer, size),
  memccpy: returnsPointer(pointer, pointer, int, size),
  _exit: returnsInt(int),
} as const satisfies Record<string, Signature>

export type FunctionName = keyof typeof signatures

type ArgumentOf<K> = K extends 'string' ? string : K extends 'pointer' ? Pointer : number

/** The JavaScript arguments of a function of the table. */
export type ArgumentsOf<N extends FunctionName> = ArgumentsOfKinds<(typeof signatures)[N]['args']>

type ArgumentsOfKinds<A extends readonly ArgumentKind[]> = { -readonly [I in keyof A]: ArgumentOf<A[I]> }

/** What a function of the table returns: a number, or an address. */
export type ResultOf<N extends FunctionName> = (typeof signatures)[N]['result'] extends 'pointer'
  ? Pointer
  : number

/** The native functions themselves. A call reports failure by its result; errno is read separately. */
export type Functions = {
  readonly [N in FunctionName]: (...args: ArgumentsOf<N>) => ResultOf<N>
}
