import { MeasurementError, UnsupportedError } from '../../errors.ts'
import { POLL } from '../../libc/constants/linux.ts'
import { openPipe } from '../../libc/fd.ts'
import type { OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, lastError, symbolAddress } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { SharedMemory } from '../../libc/shared-memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import type { ContextSwitches } from '../driver.ts'
import { JOB, JOB_SIZE, LANE, LANES, SHOWN } from './layout.ts'
import { whatDiffers } from './difference.ts'
import type { Replayer } from './native.ts'
import { endOf, runDelayNs } from './process-status.ts'
import { originOf } from './program.ts'
import type { Program } from './program.ts'

/** What a thread of the child is to do. */
export interface LaneOrder {
  readonly program: Program
  /** The only processor that it may run on. */
  readonly cpu?: number | undefined
  /** For programs that pace themselves: from one due time to the next. */
  readonly periodNs?: number
  /** How late the kernel may wake the thread at a due time. Default: as it is. */
  readonly timerSlackNs?: number
}

export interface RunOptions {
  readonly cycles: number
  /** Cycles before those that count. */
  readonly warmup: number
  /** How long it may take before it counts as hanging. */
  readonly timeoutMs: number
}

/** What the child did. */
export interface RunResult {
  /** From the start of the first lane's first cycle to the end of its last one. */
  readonly elapsedNs: number
  /** Of each lane, what it noted: nanoseconds of CLOCK_MONOTONIC. */
  readonly marks: readonly Float64Array[]
  /** User and system time of the child, warm-up and preparations included. */
  readonly cpuNs: number
  readonly switches: ContextSwitches
  /** How long it was ready to run and had no processor; undefined where the kernel does not tell. */
  readonly waitedNs: number | undefined
}

/** What a library that does not survive a fork (libkqueue) makes necessary in the child. */
export interface LibraryState {
  /** Numbers up to this are taken in the child also where the library has closed what they were of. */
  readonly last: number
  /** The function that makes it open anew what it works with, or NULL; it takes descriptors for that. */
  readonly prime: Pointer
  /** Open descriptors, the numbers of which these may have. */
  readonly spare: readonly number[]
}

const NO_LIBRARY: LibraryState = { last: -1, prime: NULL, spare: [] }

/** How many marks there is room for, in each lane. */
export const MOST_MARKS = 8192

/**
 * A forked process that replays programs: it has one thread, as long as what it replays has, and its own
 * descriptors. Made before the programs are recorded, and started afterwards, so that it has their memory.
 */
export class ReplayChild implements Disposable {
  readonly #replayer: Replayer
  readonly #lanes: number
  readonly #shared: SharedMemory
  readonly #fds: OwnedFd[] = []
  readonly #orders: readonly [OwnedFd, OwnedFd]
  readonly #replies: readonly [OwnedFd, OwnedFd]
  readonly #byte = new Memory(8)
  readonly #pollfd = new Memory(layouts.pollfd.size)
  #pid = 0
  #waitedBefore: number | undefined

  /** Takes four descriptors, two of them until it is started. Throws `SystemError` where there are none. */
  constructor(replayer: Replayer, lanes: number) {
    if (lanes > LANES) throw new UnsupportedError(`${lanes} threads`, `the replayer has at most ${LANES}`)
    this.#replayer = replayer
    this.#lanes = lanes
    this.#shared = new SharedMemory(replayer.libc, JOB_SIZE + lanes * MOST_MARKS * 8)
    try {
      this.#orders = this.#pipe()
      this.#replies = this.#pipe()
    } catch (error) {
      this.close()
      throw error
    }
  }

  #pipe(): readonly [OwnedFd, OwnedFd] {
    const ends = openPipe(this.#replayer.libc, 0)
    this.#fds.push(...ends)
    return ends
  }

  /** The descriptors by which parent and child speak. */
  get fds(): readonly number[] {
    return this.#fds.map(({ fd }) => fd)
  }

  /**
   * Forks it. It closes `unwanted` first, which is what the recording has opened, so that it gets the same
   * numbers when it opens all that itself; the numbers of `taken` stay taken. Throws `UnsupportedError` where
   * no process can be forked.
   */
  start(unwanted: readonly number[], taken: readonly number[], library: LibraryState = NO_LIBRARY): void {
    const { native } = this.#replayer
    const [orders, answers] = [this.#orders[0].fd, this.#replies[1].fd]
    const others = taken.filter((fd) => fd !== orders && fd !== answers)
    const list = new Memory(4 * (unwanted.length + others.length))
    new Int32Array(list.bytes.buffer).set([...unwanted, ...others.map((fd) => ~fd)])
    const spare = new Memory(4 * library.spare.length)
    new Int32Array(spare.bytes.buffer).set(library.spare)
    const primed = library.prime !== NULL
    const pid = native.fn.evloop_host(
      this.#shared.address,
      orders,
      answers,
      list.address,
      unwanted.length + others.length,
      // What a library starts again may be a thread.
      this.#lanes === 1 && !primed ? threadNote(this.#replayer) : NULL,
      library.last,
      library.prime,
      spare.address,
      library.spare.length,
    )
    if (pid < 0) throw new UnsupportedError('fork', `it failed with ${errnoName(-pid)}`)
    this.#pid = pid
  }

  /** Closes the child's ends, so that its death shows. Their numbers are taken until all children are forked. */
  leave(): void {
    this.#orders[0].close()
    this.#replies[1].close()
  }

  /**
   * Has it run programs, one in each thread. Throws `MeasurementError` where a result differs from what was
   * recorded, or the child dies or does not answer in time; it is gone then.
   */
  run(orders: readonly LaneOrder[], options: RunOptions): RunResult {
    this.begin(orders, options)
    return this.await(orders, options)
  }

  /** The first half of `run`: has it start. */
  begin(orders: readonly LaneOrder[], options: RunOptions): void {
    this.#write(orders, options)
    this.#waitedBefore = runDelayNs(this.#pid)
    this.#replayer.libc.fn.write(this.#orders[1].fd, this.#byte.address, 1)
  }

  /** The second half: waits for its answer. */
  await(orders: readonly LaneOrder[], options: RunOptions): RunResult {
    const answer = this.#answer(options.timeoutMs)
    if (answer === 'done') return this.#read(orders, options)
    throw this.#failure(answer, orders, options)
  }

  #write(orders: readonly LaneOrder[], { cycles, warmup }: RunOptions): void {
    const { view } = this.#shared
    view.setUint32(JOB.offsets.lanes, orders.length, true)
    for (const [index, { program, cpu, periodNs, timerSlackNs }] of orders.entries()) {
      if (program.marks * Math.max(cycles, warmup) > MOST_MARKS) throw new RangeError('too many marks')
      const at = JOB.offsets.lane + index * LANE.size
      const set = (name: keyof typeof LANE.offsets, value: number): void =>
        view.setBigInt64(at + LANE.offsets[name], BigInt(value), true)
      set('actions', program.actions.address)
      set('steps', program.steps.address)
      set('count', program.count)
      set('cycles', cycles)
      set('warmup', warmup)
      set('marks', this.#marksAt(index))
      set('period', Math.round(periodNs ?? 0))
      set('slack', timerSlackNs ?? 0)
      view.setInt32(at + LANE.offsets.cpu, cpu ?? -1, true)
    }
  }

  #marksAt(lane: number): Pointer {
    return this.#shared.at(JOB_SIZE + lane * MOST_MARKS * 8)
  }

  #read(orders: readonly LaneOrder[], { cycles }: RunOptions): RunResult {
    const waited = this.#waitedBefore
    const waitedNow = runDelayNs(this.#pid)
    const { view } = this.#shared
    const at = (offset: number): number => Number(view.getBigInt64(offset, true))
    const { offsets } = JOB
    const marks = orders.map(({ program }, lane) => {
      const start = JOB_SIZE + lane * MOST_MARKS * 8
      return Float64Array.from({ length: program.marks * cycles }, (_, i) => at(start + 8 * i))
    })
    return {
      elapsedNs: at(offsets.lane + LANE.offsets.ended) - at(offsets.lane + LANE.offsets.began),
      marks,
      cpuNs: at(offsets.cpu_ns),
      switches: { voluntary: at(offsets.voluntary), involuntary: at(offsets.involuntary) },
      // Threads of one program may well wait for each other's processor; that is no disturbance.
      waitedNs:
        orders.length > 1
          ? 0
          : waited === undefined || waitedNow === undefined
            ? undefined
            : waitedNow - waited,
    }
  }

  /** Waits for the byte that says how it went. */
  #answer(timeoutMs: number): 'done' | 'failed' | 'threads' | 'dead' | 'late' {
    const { libc } = this.#replayer
    const [{ fd }] = this.#replies
    const { offsets } = layouts.pollfd
    const end = performance.now() + timeoutMs
    for (let left = timeoutMs; left > 0; left = end - performance.now()) {
      this.#pollfd.view.setInt32(offsets.fd, fd, true)
      this.#pollfd.view.setInt16(offsets.events, POLL.IN, true)
      // A signal may interrupt it; then it is made again with the time that is left.
      const ready = libc.fn.poll(this.#pollfd.address, 1, Math.ceil(left))
      if (ready === -1 && errnoName(libc.errno()) !== 'EINTR')
        throw lastError(libc, 'poll', 'for the replayer')
      if (ready !== 1) continue
      if (libc.fn.read(fd, this.#byte.address, 1) !== 1) return 'dead'
      const answer = String.fromCharCode(this.#byte.bytes[0] ?? 0)
      return answer === 'd' ? 'done' : answer === 't' ? 'threads' : 'failed'
    }
    return 'late'
  }

  #failure(
    answer: 'failed' | 'threads' | 'dead' | 'late',
    orders: readonly LaneOrder[],
    options: RunOptions,
  ): Error {
    const status = this.#end(answer === 'dead')
    if (answer === 'threads') return new UnsupportedError('replaying in threads', 'one could not be started')
    const { view } = this.#shared
    const failed = view.getUint32(JOB.offsets.failed, true)
    const lane = failed === 0 ? this.#slowest(orders) : failed - 1
    const base = JOB.offsets.lane + lane * LANE.size
    const step = Number(view.getBigUint64(base + LANE.offsets.at, true))
    const cycle = Number(view.getBigUint64(base + LANE.offsets.cycle, true))
    const difference =
      answer === 'failed'
        ? {
            actual: Number(view.getBigInt64(JOB.offsets.actual, true)),
            errno: view.getInt32(JOB.offsets.error, true),
            memory: view.getBigInt64(JOB.offsets.memory, true) !== 0n,
            shown: new Uint8Array(view.buffer, view.byteOffset + JOB.offsets.shown, SHOWN).slice(),
          }
        : answer === 'late'
          ? `it has not returned after ${Number((options.timeoutMs / 1000).toPrecision(2))} s`
          : `the process ended there with ${status}`
    const program = orders[lane]?.program
    return new MeasurementError(
      program === undefined
        ? String(answer)
        : whatDiffers(program, { step, cycle, lane, lanes: orders.length }, difference),
    )
  }

  /** The lane that is to blame for a hang: one that is inside a call, and not at a barrier. */
  #slowest(orders: readonly LaneOrder[]): number {
    const { view } = this.#shared
    const found = orders.findIndex(({ program }, index) => {
      const at = JOB.offsets.lane + index * LANE.size + LANE.offsets.at
      return originOf(program, Number(view.getBigUint64(at, true)))?.action.kind === 'call'
    })
    return Math.max(0, found)
  }

  /** Ends the child, or takes note of its end. Returns how it ended. */
  #end(byItself: boolean): string {
    if (this.#pid === 0) return 'nothing'
    const { libc } = this.#replayer
    if (!byItself && !kill(this.#pid)) {
      // Where policy forbids to kill it, it ends when it finds that nobody gives it orders any more.
      this.#pid = 0
      return 'an end that nobody has seen'
    }
    const status = new Memory(8)
    while (libc.fn.waitpid(this.#pid, status.address, 0) === -1 && errnoName(libc.errno()) === 'EINTR') {
      // A signal came for this process; the child is still to be waited for.
    }
    this.#pid = 0
    return endOf(status.view.getInt32(0, true))
  }

  /**
   * Ends it and gives back what it has here, without waiting until it is gone: closing what it has open takes a while.
   * That is left for `close` to wait for.
   */
  kill(): void {
    if (this.#pid !== 0) kill(this.#pid)
    for (const fd of this.#fds) fd.close()
    this.#shared.close()
  }

  close(): void {
    this.kill()
    this.#end(false)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Kills a process; false where that is forbidden. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

/**
 * Where glibc notes that there is one thread only, so that it may spare its cancellation points some work; NULL
 * elsewhere. Node's own copy would not do: what counts is libc's.
 */
function threadNote({ libc }: Replayer): Pointer {
  if (!libc.has('gnu_get_libc_version')) return NULL
  return symbolAddress(libc, 'libc.so.6', '__libc_single_threaded')
}
