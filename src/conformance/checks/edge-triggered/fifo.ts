import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnsupportedError } from '../../../errors.ts'
import { O } from '../../../libc/constants/linux.ts'
import { lastError } from '../../../libc/libc.ts'
import { add, call, close, drain, epoll, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import type { StepOf } from '../../steps.ts'

export const fifo: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.fifo-reopen',
    statement:
      'A FIFO reports HUP when its writer closes, nothing when another opens it, and IN when that one writes.',
    level: 'de-facto',
    source: 'epoll-shim; fifo(7)',
    run(machine) {
      machine.begin('make a FIFO')
      const path = makeFifo(machine)
      machine.run(
        openFifo(path, 'r', O.RDONLY),
        openFifo(path, 'w1', O.WRONLY),
        epoll('ep'),
        add('ep', 'r', 'IN|ET'),
        wait('ep', {}),
        write('w1', 1),
        wait('ep', { r: 'IN' }),
        drain('r'),
        close('w1'),
        wait('ep', { r: 'HUP' }),
        wait('ep', {}),
        openFifo(path, 'w2', O.WRONLY),
        wait('ep', {}),
        write('w2', 1),
        wait('ep', { r: 'IN' }),
        wait('ep', {}),
        close('w2'),
        wait('ep', { r: 'IN|HUP' }),
        wait('ep', {}),
      )
    },
  }),
]

function openFifo(path: string, as: string, flags: number): StepOf<'call'> {
  return call('open', [{ text: path }, flags | O.NONBLOCK | O.CLOEXEC, 0], 'ok', as)
}

/** Makes a FIFO in a directory of its own, wherever one can be made; both are gone after the check. */
function makeFifo(machine: Machine): string {
  const reasons: string[] = []
  for (const parent of [tmpdir(), '.', '/dev/shm']) {
    let directory: string
    try {
      directory = mkdtempSync(join(parent, 'evloop-'))
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
      continue
    }
    machine.cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
    const path = join(directory, 'fifo')
    if (machine.libc.fn.mkfifo(path, 0o600) === 0) return path
    reasons.push(lastError(machine.libc, 'mkfifo', parent).message)
  }
  throw new UnsupportedError('a FIFO', reasons.join('; '))
}
