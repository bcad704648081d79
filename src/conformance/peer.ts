/** Entry point of a peer: makes the steps that it is told to, one after another, and says how they ended. */
import { readSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { UnsupportedError } from '../errors.ts'
import { PR } from '../libc/constants/linux.ts'
import { openLibc } from '../libc/libc.ts'
import { Failure } from './check.ts'
import { LineBuffer } from './line-buffer.ts'
import { Machine } from './machine.ts'
import type { PeerAnswer, PeerOrder, PeerSetup } from './messages.ts'

const setup = JSON.parse(process.argv[2] ?? '') as PeerSetup
const libc = openLibc({ lib: setup.lib, ffi: setup.ffi })
// A step that hangs must not outlive the process that waits for it. Where this fails, steps end by themselves.
if (libc.has('prctl')) libc.fn.prctl(PR.SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0)

const machine = new Machine(libc, setup.backend)
for (const [name, fd] of Object.entries(setup.inherited)) machine.bind(name, fd)

function say(answer: PeerAnswer): void {
  writeSync(setup.answers, `${JSON.stringify(answer)}\n`)
}

function obey({ step, labels }: PeerOrder): PeerAnswer {
  try {
    machine.labels.adopt(labels)
    machine.run(step)
    return { kind: 'done' }
  } catch (error) {
    if (error instanceof Failure) {
      return { kind: 'failure', expected: error.expected, actual: error.actual }
    }
    if (error instanceof UnsupportedError) {
      return { kind: 'unsupported', feature: error.feature, reason: error.reason }
    }
    return { kind: 'broken', message: String(error) }
  }
}

/** The lines of a blocking descriptor, until its end. */
function* linesOf(fd: number): Generator<string> {
  const chunk = Buffer.alloc(4096)
  const lines = new LineBuffer()
  for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
    lines.push(chunk.subarray(0, n))
    for (let line = lines.next(); line !== undefined; line = lines.next()) yield line
  }
}

say({ kind: 'ready' })
for (const line of linesOf(setup.orders)) say(obey(JSON.parse(line) as PeerOrder))
// The end of the orders is the end of the process, and the kernel closes what it has open.
libc.fn._exit(0)
