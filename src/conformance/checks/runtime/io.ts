/** What checks of the Io surface have in common. */
import type { Routine } from '../../../runtime/fiber.ts'
import type { Address } from '../../../runtime/io/addresses.ts'
import { Io } from '../../../runtime/io/io.ts'
import type { IoOptions } from '../../../runtime/io/io.ts'
import type { Stream } from '../../../runtime/io/stream.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Machine } from '../../machine.ts'
import { expectRun, open } from './fibers.ts'

/** Where most of it comes from. */
export const IO_SEED = 'seed: the kqueue runtime'

/** A port of this machine that the kernel chooses. */
export const loopback: Address = { family: 'ip4', address: '127.0.0.1', port: 0 }

let names = 0

/** A unix address that no other process has. */
export function uniqueAddress(): Address {
  return { family: 'unix', path: `\0evloop-check-${process.pid}-${names++}` }
}

/** An Io over the backend under test, in a time that passes only where everybody waits. */
export function openIo(machine: Machine, options?: IoOptions): Io {
  const io = new Io(machine.libc, open(machine), options)
  machine.cleanups.push(() => io.close())
  return io
}

/** Runs a program in a fiber that nobody cancels, and expects this log of it, and nothing to be left. */
export function expectProgram(
  machine: Machine,
  io: Io,
  expected: string,
  program: (log: string[]) => Routine,
): void {
  const log: string[] = []
  io.scheduler.spawn(() => program(log), 'program')
  expectRun(machine, io.scheduler, log, expected)
}

/** What was received, as text. */
export function textOf(memory: Memory, length: number): string {
  return Buffer.from(memory.bytes.subarray(0, length)).toString()
}

/** Reads to the end of a stream. */
export function* readToEnd(stream: Stream): Routine<string> {
  const memory = new Memory(256)
  let text = ''
  for (;;) {
    const length = yield* stream.read([memory])
    if (length === 0) return text
    text += textOf(memory, length)
  }
}

/** Both ends of a connection, closed with the check. */
export function* connected(io: Io, address: Address = loopback): Routine<readonly [Stream, Stream]> {
  using server = io.listen(address)
  const client = yield* io.connect(server.address)
  return [client, yield* server.accept()]
}
