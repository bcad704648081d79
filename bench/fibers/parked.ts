/** Fibers that are parked on descriptors in any number, and what it costs to wake one of them. */
import { backends } from '../../src/backends/index.ts'
import { openEventfd } from '../../src/libc/fd.ts'
import type { OwnedFd } from '../../src/libc/fd.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { Memory } from '../../src/libc/memory.ts'
import type { Routine } from '../../src/runtime/fiber.ts'
import { Scheduler } from '../../src/runtime/scheduler.ts'

/** How far the next descriptor is: it shares no factor with their numbers, so all have their turn. */
const STRIDE = 7919

/** So many fibers on so many descriptors. */
export class Parked implements Disposable {
  readonly fibers: number
  readonly descriptors: number
  readonly #libc: Libc
  readonly #sources: OwnedFd[]
  readonly #scheduler: Scheduler
  readonly #word = new Memory(16)
  #next = 0
  #woken = 0
  #wanted = 0

  constructor(libc: Libc, fibers: number, descriptors: number) {
    this.#libc = libc
    this.fibers = fibers
    this.descriptors = descriptors
    this.#word.view.setBigUint64(0, 1n, true)
    this.#scheduler = new Scheduler(libc, { backend: backends.epoll })
    this.#sources = Array.from({ length: descriptors }, () => openEventfd(libc))
    for (let i = 0; i < fibers; i++) {
      const fd = this.#sources[i % descriptors]?.fd ?? -1
      this.#scheduler.spawn(() => this.#serve(fd))
    }
    this.#scheduler.spawn(() => this.#scheduler.stop())
    this.#scheduler.run()
  }

  /** Wakes so many, one after the other: a write, a wait of the scheduler, a switch, a read, and a wait again. */
  wake(times: number): void {
    this.#wanted = this.#woken + times
    this.#signal()
    this.#scheduler.run()
    if (this.#woken !== this.#wanted) throw new Error(`${this.#woken} wakes of ${this.#wanted}`)
  }

  [Symbol.dispose](): void {
    this.#scheduler.close()
    for (const source of this.#sources) source.close()
  }

  #signal(): void {
    this.#next = (this.#next + STRIDE) % this.descriptors
    this.#libc.fn.write(this.#sources[this.#next]?.fd ?? -1, this.#word.address, 8)
  }

  *#serve(fd: number): Routine {
    for (;;) {
      yield this.#scheduler.blockOnFd(fd, 'read')
      this.#libc.fn.read(fd, this.#word.at(8), 8)
      if (++this.#woken < this.#wanted) this.#signal()
      else this.#scheduler.stop()
    }
  }
}

/** How many bytes of heap a fiber has that is parked, by the difference that many make. */
export function bytesPerFiber(libc: Libc, count: number, collect: () => void): number {
  const scheduler = new Scheduler(libc)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < count; i++) {
    scheduler.spawn(function* () {
      yield scheduler.suspend()
    })
  }
  scheduler.spawn(() => scheduler.stop())
  scheduler.run()
  collect()
  const after = process.memoryUsage().heapUsed
  if (scheduler.counts.suspended !== count)
    throw new Error(`${scheduler.counts.suspended} are parked of ${count}`)
  scheduler.close()
  return (after - before) / count
}
