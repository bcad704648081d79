/** The operations of epoll, by a ring. */
import type { EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { add, del, drain, epoll, pipe, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { decodeGuarded, guardedBuffer } from '../../operations/events.ts'
import { expectEvents } from '../../operations/outcome.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import type { RingRequest } from '../../steps/rings.ts'

const control = (
  as: string,
  command: keyof typeof EPOLL_CTL,
  fd: string,
  events: string,
  label: string = fd,
): RingRequest => ({ as, op: 'EPOLL_CTL', fd: 'ep', control: { command, fd, events, label } })

export const epollOperations: readonly Check[] = [
  ringCheck({
    id: 'iou.op-epoll-ctl',
    statement:
      'EPOLL_CTL by a ring does what epoll_ctl does: it adds, modifies and deletes, data and all, and gives its errors.',
    level: 'de-facto',
    source: 'io_uring_enter(2), IORING_OP_EPOLL_CTL; libuv/libuv#4328; OFFTKP/felix86#361',
    bugs: [
      'libuv/libuv#4328: a DEL that the ring did after the close left a stale entry, and a loop that spun',
      'OFFTKP/felix86#361: the struct was passed on untranslated, and the data was wrong',
    ],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      setupRing('ring'),
      write('w', 1),
      submit('ring', control('add', 'ADD', 'r', 'IN')),
      completions('ring', { add: '0' }),
      wait('ep', { r: 'IN' }),
      submit('ring', control('add', 'ADD', 'r', 'IN', 'again')),
      completions('ring', { add: 'EEXIST' }),
      wait('ep', { r: 'IN' }),
      submit('ring', control('mod', 'MOD', 'r', 'IN|ONESHOT', 'modified')),
      completions('ring', { mod: '0' }),
      wait('ep', { modified: 'IN' }),
      wait('ep', {}),
      submit('ring', control('del', 'DEL', 'r', '0')),
      completions('ring', { del: '0' }),
      del('ep', 'r', 'ENOENT'),
      submit('ring', control('del', 'DEL', 'r', '0'), control('mod', 'MOD', 'w', 'IN')),
      completions('ring', { del: 'ENOENT', mod: 'ENOENT' }),
      add('ep', 'r', 'IN', { label: 'by call' }),
      wait('ep', { 'by call': 'IN' }),
    ],
  }),
  ringCheck({
    id: 'iou.op-epoll-wait',
    statement:
      'EPOLL_WAIT by a ring completes with the number of events, and writes them and nothing behind them.',
    level: 'de-facto',
    source: 'io_uring_enter(2), IORING_OP_EPOLL_WAIT; liburing epwait',
    run(machine) {
      machine.run(pipe('r1', 'w1'), pipe('r2', 'w2'), epoll('ep'), setupRing('ring'))
      machine.run(add('ep', 'r1', 'IN'), add('ep', 'r2', 'IN'))
      const events = waitByRing(machine, 8)
      machine.run(completions('ring', {}), write('w1', 1), completions('ring', { wait: '1' }))
      expectEvents(events(1), [['r1', 'IN']])
      machine.run(write('w2', 1))
      const both = waitByRing(machine, 8)
      machine.run(completions('ring', { wait: '2' }))
      expectEvents(both(2), Object.entries({ r1: 'IN', r2: 'IN' }))
      const first = waitByRing(machine, 1)
      machine.run(completions('ring', { wait: '1' }))
      machine.expect(first(1).length, 1, 'the events are so many')
      machine.run(drain('r1'), drain('r2'), wait('ep', {}))
    },
  }),
]

/** Has the ring wait for events with room for so many; they can be decoded when it has completed. */
function waitByRing(machine: Machine, max: number): (count: number) => ReturnType<typeof decodeGuarded> {
  const buffer = guardedBuffer(max)
  machine.keep(buffer)
  const fields = { addr: buffer.address, len: max }
  machine.run(submit('ring', { as: 'wait', op: 'EPOLL_WAIT', fd: 'ep', fields }))
  return (count) => decodeGuarded(machine, buffer, count, max)
}
