/**
 * evloop as a library: the portable event loop, the backends under it, and what the command line is made of.
 *
 * Start with `openLibc`, once, in the main thread and before any worker; everything else takes its result.
 */
export { openLibc } from './libc/libc.ts'
export type { Libc, LibcOptions } from './libc/libc.ts'
export { availabilityOf, backendNames, backends, defaultBackend } from './backends/index.ts'
export type { BackendName } from './backends/index.ts'
export { createWorld } from './backends/userspace/world.ts'
export type { World } from './backends/userspace/world.ts'
export { Interest, INTERRUPTED, Readiness, ReadinessBatch } from './backends/backend.ts'
export type {
  Availability,
  Backend,
  Capabilities,
  Poller,
  PollerOptions,
  RegistrationOptions,
  Token,
  Trigger,
  WakeHandle,
} from './backends/backend.ts'
export { wakeRemote } from './backends/waker.ts'
export { Kqueue } from './backends/kqueue/queue.ts'
export { abiOf as kqueueAbi } from './backends/kqueue/prove.ts'
export type { KqueueAbi, ProcessNote, VnodeNote } from './backends/kqueue/abi.ts'
export type { KqueueEvent } from './backends/kqueue/event.ts'
export { deleting, disabling, enabling } from './backends/kqueue/registration.ts'
export type { Change, WatchOptions } from './backends/kqueue/registration.ts'
export { KeventReceiptError } from './backends/kqueue/receipts.ts'
export type { Receipt } from './backends/kqueue/receipts.ts'
export { timerChange } from './backends/kqueue/timer.ts'
export type { TimerOptions, TimerTime, TimerUnit } from './backends/kqueue/timer.ts'
export { signalChange } from './backends/kqueue/signal.ts'
export { processChange } from './backends/kqueue/process.ts'
export type { ExitStatus } from './backends/kqueue/process.ts'
export { vnodeChange } from './backends/kqueue/vnode.ts'
export { lowWaterChange } from './backends/kqueue/low-water.ts'
export type { LowWaterOptions } from './backends/kqueue/low-water.ts'
export { createEvents, EventLoop } from './loop/event-loop.ts'
export type { EventLoopOptions, LoopEvent } from './loop/event-loop.ts'
export { deadlineIn, expired, remaining } from './loop/deadline.ts'
export type { Deadline } from './loop/deadline.ts'
export { Reactor, ReactorEvents } from './loop/reactor.ts'
export type { ReactorEvent, ReactorOptions } from './loop/reactor.ts'
export { Scheduler } from './runtime/scheduler.ts'
export type { SchedulerOptions } from './runtime/scheduler.ts'
export { Wakeup } from './runtime/fiber.ts'
export type { Fiber, FiberBody, Parked, Routine, Work } from './runtime/fiber.ts'
export { RealClock, VirtualClock } from './runtime/clock.ts'
export type { Clock } from './runtime/clock.ts'
export type { Direction } from './runtime/descriptors.ts'
export type { Task } from './runtime/task.ts'
export { WaitQueue } from './runtime/wait-queue.ts'
export { Io } from './runtime/io/io.ts'
export type { IoOptions } from './runtime/io/io.ts'
export type { Future } from './runtime/io/future.ts'
export type { Group } from './runtime/io/group.ts'
export type { Mutex } from './runtime/io/mutex.ts'
export type { Condition } from './runtime/io/condition.ts'
export type { Address, Ip4Address, Ip6Address, IpAddress, UnixAddress } from './runtime/io/addresses.ts'
export { addressText } from './runtime/io/addresses.ts'
export type { BindOptions, Socket, SocketMode } from './runtime/io/socket.ts'
export { IncomingMessage } from './runtime/io/messages.ts'
export type { MessageSocket, OutgoingMessage, ReceiveOptions, SendOptions } from './runtime/io/messages.ts'
export type { ConnectOptions, ListenOptions, Server } from './runtime/io/server.ts'
export type { Stream } from './runtime/io/stream.ts'
export { partOf, textBytes } from './runtime/io/vectors.ts'
export type { Bytes } from './runtime/io/vectors.ts'
export { Memory } from './libc/memory.ts'
export { Pool } from './runtime/pool/pool.ts'
export type { PoolCounts, PoolOptions, RunOptions } from './runtime/pool/pool.ts'
export type { PoolThread } from './runtime/pool/thread.ts'
export { probe } from './probe/index.ts'
export type { ProbeReport } from './probe/report.ts'
export { verify } from './conformance/verify.ts'
export type { VerifyOptions } from './conformance/verify.ts'
export type { VerifyReport } from './conformance/report.ts'
export type { CheckResult, Kind, Level, Outcome } from './conformance/check.ts'
export { benchMachine } from './measure/machine.ts'
export type { BenchMachineOptions } from './measure/machine.ts'
export type { Saved } from './measure/saved/load.ts'
export type { SavedReport } from './measure/saved/schema.ts'
export { compareReports } from './measure/compare/compare-reports.ts'
export type { CompareOptions } from './measure/compare/compare-reports.ts'
export type { CompareReport } from './measure/compare/report.ts'
export type { BenchGap, BenchReport, BenchResult } from './measure/report.ts'
export {
  CanceledError,
  ConcurrencyUnavailableError,
  DeadlockError,
  FiberError,
  LibraryError,
  PoolError,
  SocketError,
  SystemError,
  TaskCanceledError,
  UnsupportedError,
  UsageError,
} from './errors.ts'
export type { FiberProblem, PoolProblem, SocketCall, SocketProblem, StuckFiber } from './errors.ts'
