import { SystemError, UnsupportedError } from '../../../errors.ts'
import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { pathOnly, pollable, unpollable } from './file-kinds.ts'
import { RawEvents } from './raw-events.ts'

/** Two descriptors of a kind, the epoll, and some to make them with. */
const NEEDED = 8

/** What becomes of one kind of descriptor. */
interface Trial {
  readonly kind: string
  readonly expected: number | string
  readonly open: (typeof pollable)[string]
}

export const types: readonly Check[] = [
  epollCheck({
    id: 'epoll.ctl.eperm-types',
    statement:
      'What cannot be waited for is refused: EPERM for files, directories and the like, EBADF for descriptors that only name a path.',
    source: 'epoll_ctl(2); LTP epoll_ctl06; microsoft/mystikos#626; measured',
    why: 'A loop that takes EPERM for fatal ends as soon as its input comes from a file.',
    bugs: [
      'microsoft/mystikos#626: no EPERM',
      'DragonOS#1528, #1545: regular files were accepted',
      'libuv/libuv#255, #281, joyent/libuv#988: the EPERM of a redirected standard input ended the loop',
    ],
    differs:
      'epoll refuses regular files, kqueue supports them, poll and select find them always ready; WASIX accepted them, and libuv makes up for it.',
    descriptors: NEEDED,
    run: (machine) => tryAll(machine, [...trials(unpollable, 'EPERM'), ...trials(pathOnly, 'EBADF')]),
  }),
  epollCheck({
    id: 'epoll.ctl.ok-types',
    statement:
      'Pipes, sockets, terminals, and the descriptors that Linux has for events, timers, signals, processes and rings can be entries.',
    source: 'LTP epoll_ctl06; measured',
    bugs: [
      'axboe/liburing#146: a ring could be added and was never signalled (Linux 5.7)',
      'axboe/liburing#1145: a ring in an epoll never fired',
    ],
    descriptors: NEEDED,
    run: (machine) => tryAll(machine, trials(pollable, 0)),
  }),
]

function trials(kinds: typeof pollable, expected: number | string): Trial[] {
  return Object.entries(kinds).map(([kind, open]) => ({ kind, expected, open }))
}

/**
 * Adds a descriptor of each kind. A kind that cannot be made here (no privilege, an old kernel, no /proc) is
 * left out and named in the note; all others must give what is expected of them.
 */
function tryAll(machine: Machine, all: readonly Trial[]): void {
  const tried: string[] = []
  const missing: string[] = []
  const wrong: Record<'expected' | 'actual', string>[] = []
  machine.run(epoll('ep'))
  for (const { kind, expected, open } of all) {
    machine.begin(`make and add: ${kind}`)
    let fds: readonly number[]
    try {
      fds = open(machine.libc)
    } catch (error) {
      missing.push(`${kind} (${reasonOf(error)})`)
      continue
    }
    tried.push(kind)
    for (const [i, fd] of fds.entries()) {
      machine.bind(`${kind} ${i}`, fd)
      const actual = addAndDelete(machine, fd, expected)
      if (actual !== expected) wrong.push({ expected: `${kind} ${expected}`, actual: `${kind} ${actual}` })
      machine.closeFd(`${kind} ${i}`)
    }
  }
  if (wrong.length > 0) {
    const list = (side: 'expected' | 'actual'): string => wrong.map((trial) => trial[side]).join(', ')
    throw new Failure(`epoll_ctl gives: ${list('expected')}`, `epoll_ctl gives: ${list('actual')}`)
  }
  if (tried.length === 0) throw new UnsupportedError('descriptors to add', missing.join(', '))
  const rest = missing.length === 0 ? '' : `; not here: ${missing.join(', ')}`
  machine.note = `${tried.length} kinds tried: ${tried.join(', ')}${rest}`
}

/**
 * What ADD gives; where that is 0, as it must be, what DEL gives after it. DEL refuses what cannot be waited for, too,
 * and would hide an ADD that does not.
 */
function addAndDelete(machine: Machine, fd: number, expected: number | string): number | string {
  const event = new RawEvents(1)
  event.set(0, EPOLL.IN, 0n)
  const control = (operation: number): number | string =>
    resultOf(machine.libc, 'epoll_ctl', machine.fd('ep'), operation, fd, event.address)
  const added = control(EPOLL_CTL.ADD)
  return added === 0 && expected === 0 ? control(EPOLL_CTL.DEL) : added
}

/** Why a kind cannot be made here. Anything that is not a system's refusal is a mistake of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof SystemError) return error.code
  if (error instanceof UnsupportedError) return error.reason
  if (error instanceof Error && 'code' in error) return String(error.code)
  throw error
}
