/**
 * What `evloop probe` finds out about a machine. The report is plain data and is published as JSON, so every
 * field keeps its name and unit within one version of the schema. `null` means that the machine does not tell.
 */
import type { BackendName } from '../backends/index.ts'
import type { BindingName } from '../libc/libc.ts'

/** What stands between a program and a feature. */
export type Cause =
  /** The kernel does not have it: too old, or built without it. */
  | 'kernel'
  /** The C library has no function for it. */
  | 'libc'
  /** An administrator has switched it off, or limited it, by a sysctl. */
  | 'sysctl'
  /** A seccomp filter answers in place of the kernel, or kills the process. */
  | 'seccomp'
  /** Something stands in for the kernel (gVisor, qemu-user, WSL 1) and does not have it. */
  | 'emulator'
  /** This process lacks a capability, or a security module refuses. */
  | 'privilege'
  /** A resource limit of this process or of its user is reached: setrlimit(2). */
  | 'limit'
  /** A library in front of libc (`--lib`, LD_PRELOAD) answers, or the native binding cannot be loaded. */
  | 'library'

/**
 * - `usable`: it was really used, and did what its manual says.
 * - `missing`: it is not here.
 * - `forbidden`: it is here, and this process may not use it.
 * - `broken`: it answers, and does the wrong thing; or it could not be tried.
 */
export type FeatureState = 'usable' | 'missing' | 'forbidden' | 'broken'

/** One feature of a backend or of an interface. */
export interface FeatureReport {
  readonly state: FeatureState
  /** Why it is not usable, as a sentence without its full stop. Absent where it is usable. */
  readonly reason?: string
  /** The symbolic errno that the call failed with: `ENOSYS`. Absent where it did not fail by an errno. */
  readonly errno?: string
  /** The signal that ended the process that tried it: `SIGSYS`. Absent where none did. */
  readonly signal?: string
  /** Who is behind it, as far as the evidence goes. Absent where it is usable or nothing tells. */
  readonly cause?: Cause
  /** Set where it was not tried at all, because what it builds on is not usable: it shares that one's fate. */
  readonly untried?: true
  /** A remark about a usable feature: how it was reached, or what could not be seen. */
  readonly note?: string
  /** The Linux version that brought it: `5.11`. Absent for what is older than Linux or not of Linux. */
  readonly since?: string
}

/** A backend, or another kernel interface that event loops use. */
export interface SubjectReport<Name extends string> {
  readonly name: Name
  /** Whether what makes it what it is works: an epoll that reports events, a ring that polls. */
  readonly available: boolean
  /** Why it is not available, as `FeatureReport.reason`. */
  readonly reason?: string
  /** The symbolic errno behind `reason`. */
  readonly errno?: string
  /** The signal behind `reason`. */
  readonly signal?: string
  /** Who is behind `reason`. */
  readonly cause?: Cause
  /** Every feature that was tried, by its usual name, in the order of the tries. */
  readonly features: Readonly<Record<string, FeatureReport>>
}

/** The other interfaces that are tried. */
export type InterfaceName = 'eventfd' | 'timerfd' | 'signalfd' | 'pidfd' | 'inotify'

/** The operating system and the processor. */
export interface PlatformReport {
  /** As Node names it: `linux`, `darwin`. */
  readonly os: string
  /** The architecture of this program, as Node names it: `x64`, `arm64`. */
  readonly arch: string
  /** The release of the kernel: `6.18.44`. Under some emulators it is not the host's. */
  readonly kernel: string
  /** How that kernel was built: `#1 SMP PREEMPT_DYNAMIC …`. */
  readonly kernelVersion: string
  readonly libc: {
    readonly name: 'glibc' | 'musl' | 'unknown'
    /** The version at run time: `2.36`. musl does not tell. */
    readonly version: string | null
  }
  /** The version of Node, without the `v`. */
  readonly node: string
  /** The version of the libuv inside it. */
  readonly libuv: string
  readonly cpus: {
    /** The model of the first processor. */
    readonly model: string | null
    /** How many processors are online. */
    readonly count: number
    /** How many of them this process may run on. */
    readonly usable: number
  }
  /** What the kernel reads the time from: `tsc`, `kvm-clock`, `arch_sys_counter`. */
  readonly clockSource: string | null
  /** How late a timer of this thread may be, so that wake-ups can be joined, in nanoseconds. */
  readonly timerSlackNs: number | null
  /** Size of a memory page, in bytes. */
  readonly pageSize: number | null
  readonly endianness: 'LE' | 'BE'
}

/** A limit; `unlimited` where the system sets none. */
export type Limit = number | 'unlimited'

/** The limits that event loops run into. */
export interface LimitsReport {
  readonly descriptors: {
    /** How many descriptors this process may have (RLIMIT_NOFILE). Node raises it to `hard` at its start. */
    readonly soft: Limit | null
    /** How far `soft` may be raised without privilege. */
    readonly hard: Limit | null
    /** The soft limit of the parent process: what programs that do not raise it start with. */
    readonly inherited: Limit | null
    /** How many descriptors this process had open. */
    readonly open: number | null
  }
  /** How many memory pages may be locked (RLIMIT_MEMLOCK), in bytes: io_uring before Linux 5.12 counts them. */
  readonly lockedMemory: Limit | null
  /** The largest value that a hard descriptor limit may have (fs.nr_open), in descriptors. */
  readonly nrOpen: number | null
  /** Open files of the whole machine (fs.file-max), in files. */
  readonly fileMax: number | null
  /** Registrations of one user in all its epoll instances (fs.epoll.max_user_watches). */
  readonly maxUserWatches: number | null
  /** inotify instances of one user (fs.inotify.max_user_instances). */
  readonly maxUserInstances: number | null
  /** One more than the largest process id (kernel.pid_max). */
  readonly pidMax: number | null
  /** Threads of the whole machine (kernel.threads-max). */
  readonly threadsMax: number | null
}

export type Confidence = 'high' | 'medium' | 'low'

/** One piece of evidence of something between this program and the hardware. Layers may have several. */
export interface SandboxEvidence {
  /** `docker`, `kubernetes`, `gvisor`, `qemu-user`, `firecracker`, `user-namespace`, `seccomp` … */
  readonly layer: string
  /** Where it was seen, and what. */
  readonly evidence: string
  readonly confidence: Confidence
}

/** How native functions are called, and which ones. */
export interface FfiReport {
  readonly binding: BindingName
  readonly version: string | null
  /** Why the binding cannot be loaded. Absent where it works. */
  readonly error?: string
  /** What one call costs, system call included: the median of batches, in nanoseconds. */
  readonly callNs: {
    /** getppid(). */
    readonly noArguments: number
    /** pread(-1, NULL, 0, 0), which the kernel refuses at once. */
    readonly fourArguments: number
  } | null
  /** The library that was given by `--lib`, by its full path without links. */
  readonly library?: string
  /** The file that each function in use comes from; null where it is missing or does not tell. */
  readonly origins: {
    readonly epoll_wait: string | null
    readonly poll: string | null
    readonly select: string | null
    /** The C library itself, to compare with. */
    readonly libc: string | null
  }
  /** The libraries that LD_PRELOAD and /etc/ld.so.preload name. */
  readonly preloaded: readonly string[]
}

/** Names, and which of them the kernel has. A name that evloop does not know is a number. */
interface NamedBits {
  readonly usable: readonly string[]
  readonly missing: readonly string[]
}

/** What the kernel says of its io_uring: `IORING_OP_…`, `IORING_SETUP_…` and `IORING_FEAT_…` without that. */
export interface RingReport {
  readonly operations: NamedBits
  readonly setupFlags: NamedBits
  readonly features: NamedBits
}

/** Something about the machine that a user should know. */
export interface Finding {
  /** `error`: a backend does not work. `warning`: results differ from what is expected. `advice`: could be better. */
  readonly severity: 'error' | 'warning' | 'advice'
  /** One line. */
  readonly title: string
  /** What was seen. */
  readonly detail: string
  /** What to do. */
  readonly advice: string
}

export interface ProbeReport {
  readonly schema: 'evloop/probe@1'
  readonly tool: { readonly name: string; readonly version: string }
  /** ISO 8601, UTC. */
  readonly startedAt: string
  /** How long the probe took, in milliseconds. */
  readonly durationMs: number
  readonly platform: PlatformReport
  readonly limits: LimitsReport
  readonly backends: readonly SubjectReport<BackendName>[]
  readonly interfaces: readonly SubjectReport<InterfaceName>[]
  /** The io_uring of the kernel in full; null where none can be had. */
  readonly ring: RingReport | null
  /** Sizes of the C structs that are in use here, in bytes. */
  readonly structs: Readonly<Record<string, number>>
  readonly sandbox: readonly SandboxEvidence[]
  readonly ffi: FfiReport
  readonly findings: readonly Finding[]
}
