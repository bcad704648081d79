import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import {
  add,
  call,
  close,
  del,
  drain,
  dup,
  epoll,
  eventfd,
  join,
  pipe,
  poll,
  signal,
  thread,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { formatMask, parseMask } from '../../masks.ts'
import { resultOf } from '../../native-call.ts'
import { underTest, waitForEvents } from '../../operations/calls.ts'
import { encodeEvent } from '../../operations/events.ts'
import type { Name } from '../../steps.ts'

/** What a table of registrations gets wrong: what an entry is known by, and what is left of one that is gone. */
export const registration: readonly Check[] = [
  epollCheck({
    id: 'emu.key-from-data',
    statement:
      'The data of an entry is nothing but the caller’s: entries with each other’s number for data are kept apart.',
    source: 'WASIX, whose entries were known by the number in their data',
    run(machine) {
      machine.run(pipe('r', 'w'), pipe('r2', 'w2'), epoll('ep'))
      const [first, second] = ['r', 'r2'].map((fd) => BigInt(machine.fd(fd))) as [bigint, bigint]
      control(machine, 'ADD', 'r', second)
      control(machine, 'ADD', 'r2', first)
      machine.run(write('w', 1))
      expectData(machine, second)
      machine.run(write('w2', 1), drain('r'))
      expectData(machine, first)
      control(machine, 'MOD', 'r2', 2n ** 63n + second)
      expectData(machine, 2n ** 63n + second)
      control(machine, 'DEL', 'r2', second)
      machine.run(write('w', 1))
      expectData(machine, second)
      // A number that is open nowhere is as good as any other.
      control(machine, 'MOD', 'r', 0xffffffffn)
      expectData(machine, 0xffffffffn)
      control(machine, 'DEL', 'r', 0n)
      machine.run(wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'emu.generation-restart',
    statement:
      'What was queued for an entry that was deleted is no event of a new one for the same descriptor.',
    source: 'WASIX, whose count of registrations began anew',
    steps: [
      pipe('r', 'w'),
      eventfd('e'),
      epoll('ep'),
      ...['IN', 'IN|ET', 'IN|ONESHOT'].flatMap((mask) => [
        // Queued and taken back, unseen.
        add('ep', 'r', mask, { label: 'old' }),
        write('w', 1),
        del('ep', 'r'),
        drain('r'),
        add('ep', 'r', mask, { label: 'new' }),
        wait('ep', {}),
        wait('ep', {}, { timeoutMs: 2 }),
        write('w', 1),
        wait('ep', { new: 'IN' }),
        // Queued, and not taken: it is an event of the new one alone.
        del('ep', 'r'),
        add('ep', 'r', mask, { label: 'newer' }),
        wait('ep', { newer: 'IN' }),
        del('ep', 'r'),
        drain('r'),
      ]),
      // Something else becomes ready meanwhile, so that the queue is looked at.
      add('ep', 'e', 'IN'),
      add('ep', 'r', 'IN', { label: 'old' }),
      write('w', 1),
      signal('e'),
      del('ep', 'r'),
      drain('r'),
      add('ep', 'r', 'IN', { label: 'new' }),
      wait('ep', { e: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'emu.close-sweep-all-instances',
    statement:
      'The last close of a descriptor takes it out of every epoll that has it, also one that another thread has made.',
    kind: 'thread',
    threads: 1,
    source: 'epoll(7), Q6; WASIX; sysprog21/elfuse#78, #146',
    bugs: [
      'sysprog21/elfuse#78, #146: close looked through some tables only, and freed what others still had',
    ],
    steps: [
      eventfd('e', 1),
      eventfd('other', 1),
      epoll('ep'),
      epoll('ep2'),
      thread('maker', call('epoll_create1', [0], 'ok', 'theirs')),
      join('maker'),
      ...['ep', 'ep2', 'theirs'].flatMap((ep) => [
        add(ep, 'e', ep === 'ep2' ? 'IN|ET' : 'IN'),
        add(ep, 'other', 'IN'),
        ...(ep === 'ep' ? [wait(ep, { e: 'IN', other: 'IN' })] : []),
      ]),
      close('e'),
      ...['ep', 'ep2', 'theirs'].map((ep) => wait(ep, { other: 'IN' })),
      // The number is somebody else's now, who is ready.
      call('dup2', ['$other', '$e'], 'ok', 'again'),
      ...['ep', 'ep2', 'theirs'].flatMap((ep) => [
        wait(ep, { other: 'IN' }),
        del(ep, 'e', 'ENOENT'),
        add(ep, 'e', 'IN', { label: 'again' }),
        wait(ep, { other: 'IN', again: 'IN' }),
      ]),
    ],
  }),
  epollCheck({
    id: 'emu.level-event-for-deregistered',
    statement:
      'A descriptor that is ready and was deleted lets a wait sleep its time, and the epoll itself is not readable.',
    source: 'sysprog21/elfuse#278, #332',
    bugs: [
      'sysprog21/elfuse#278, #332: the host went on to report it, and waits returned at once with nothing',
    ],
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      add('ep', 'r2', 'IN'),
      add('ep', 'w', 'OUT'),
      write('w', 1),
      wait('ep', { r: 'IN', w: 'OUT' }),
      del('ep', 'r'),
      del('ep', 'w'),
      poll({ ep: 'IN' }, {}),
      wait('ep', {}, { timeoutMs: 3 }),
      poll({ ep: 'IN' }, {}, 3),
      // Deleted before anybody has seen that it is ready.
      dup('r', 'again'),
      add('ep', 'again', 'IN'),
      del('ep', 'again'),
      poll({ ep: 'IN' }, {}, 2),
      wait('ep', {}, { timeoutMs: 3 }),
      write('w2', 1),
      poll({ ep: 'IN' }, { ep: 'IN' }),
      wait('ep', { r2: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'emu.flags-ignored-or-assert',
    statement:
      'Every flag of an entry is either obeyed or refused with EINVAL when it is added, and never shown in events.',
    source: 'epoll_ctl(2); WASIX',
    bugs: [
      'cloudius-systems/osv#413, #971: EPOLLONESHOT ended the process by an assertion, and EPOLLET lost events',
    ],
    run(machine) {
      const flags = {
        ET: 1,
        ONESHOT: 1,
        'ET|ONESHOT': 1,
        WAKEUP: 3,
        EXCLUSIVE: 3,
        'EXCLUSIVE|ET': 1,
      } as const
      machine.run(epoll('ep'))
      for (const [flag, times] of Object.entries(flags)) {
        const fd = `with ${flag}`
        machine.run(eventfd(fd, 1))
        machine.begin(`epoll_ctl(ep, ADD, an eventfd that is ready, IN|${flag})`)
        const event = encodeEvent(parseMask(`IN|${flag}`), machine.labels.data(fd))
        const args = [machine.fd('ep'), EPOLL_CTL.ADD, machine.fd(fd), event.address] as const
        const result = resultOf(machine.libc, 'epoll_ctl', ...args)
        if (result === 'EINVAL') continue
        machine.expect(result, 0, `epoll_ctl with ${flag}`)
        expectReports(machine, fd, flag, times)
        machine.run(del('ep', fd))
      }
    },
  }),
]

/** How often a flag that was taken lets an event be reported that nobody answers, of three times. */
function expectReports(machine: Machine, fd: Name, flag: string, times: number): void {
  const reports = [1, 2, 3].flatMap(() => waitForEvents(machine, 'ep', 4, 0))
  const text = reports.map(([label, mask]) => `${label} ${mask}`).join(', ')
  const expected = Array.from({ length: times }, () => `${fd} IN`).join(', ')
  if (text !== expected) throw new Failure(`${flag}: ${expected}`, `${flag}: ${text || 'no events'}`)
}

function control(machine: Machine, command: keyof typeof EPOLL_CTL, fd: Name, data: bigint): void {
  machine.begin(`epoll_ctl(ep, ${command}, ${fd}), data ${data}`)
  const event = encodeEvent(EPOLL.IN, data)
  underTest(machine, 'epoll_ctl', machine.fd('ep'), EPOLL_CTL[command], machine.fd(fd), event.address)
}

/** Waits, and fails unless there is one event, with this data. */
function expectData(machine: Machine, data: bigint): void {
  machine.begin('epoll_wait(ep)')
  const text = waitForEvents(machine, 'ep', 4, 0)
    .map(([label, mask]) => `${label} ${mask}`)
    .join(', ')
  machine.expect(text, `data 0x${data.toString(16)} ${formatMask(EPOLL.IN)}`, 'events')
}
