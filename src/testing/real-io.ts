/** An Io over a backend of this machine, whose registrations and descriptors are counted. */
import { readdirSync } from 'node:fs'
import type { Backend } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import type { Routine } from '../runtime/fiber.ts'
import { Io } from '../runtime/io/io.ts'
import type { IoOptions } from '../runtime/io/io.ts'
import type { Stream } from '../runtime/io/stream.ts'
import { Scheduler } from '../runtime/scheduler.ts'
import { counting } from './counting-backend.ts'

export interface RealIo extends Disposable {
  readonly io: Io
  readonly scheduler: Scheduler
  /** How many descriptors the backend has registered. */
  readonly left: () => number
  /** Runs a program to its end, in a fiber that cannot be canceled. */
  run(program: () => Routine<unknown>): void
}

export function realIo(libc: Libc, backend: Backend, options: IoOptions = {}): RealIo {
  const { backend: counted, left } = counting(backend)
  const scheduler = new Scheduler(libc, { backend: counted })
  return {
    io: new Io(libc, scheduler, options),
    scheduler,
    left,
    run(program) {
      scheduler.spawn(program, 'main')
      scheduler.run()
    },
    [Symbol.dispose]: () => scheduler.close(),
  }
}

/** How many descriptors this process has, the one that lists them among them. */
export function openCount(): number {
  return readdirSync('/proc/self/fd').length
}

/** Reads until the end. */
export function* readAll(stream: Stream): Routine<string> {
  const memory = new Memory(4096)
  const parts: Buffer[] = []
  for (;;) {
    const length = yield* stream.read([memory])
    if (length === 0) return Buffer.concat(parts).toString()
    parts.push(Buffer.from(memory.bytes.subarray(0, length)))
  }
}
