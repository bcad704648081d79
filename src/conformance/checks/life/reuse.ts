import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import {
  add,
  close,
  closeAll,
  del,
  dup,
  epoll,
  eventfd,
  openPoller,
  pipe,
  pollerAdd,
  pollerRemove,
  pollerWait,
  signal,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer } from '../../operations/events.ts'
import type { Name, Step } from '../../steps.ts'
import { reopen, replace } from './reopen.ts'
import { classicNames } from '../../classic.ts'

/** A number that is another file now is watched for that file only. */
export const reuse: readonly Check[] = [
  {
    id: 'life.reuse-no-stale-event',
    statement:
      'When the handler of one event closes the next descriptor of the batch, and a new file gets its number and is added with new data, no later wait reports the old data, or the new data too early.',
    level: 'contract',
    kind: 'det',
    source: 'epoll(7): the event cache; h2o issue 1427; libuv uv__platform_invalidate_fd',
    bugs: [
      'wasmerio/wasmer#6608: the second event of a batch hit a file that had taken over the number, and corrupted it',
    ],
    backends: classicNames,
    steps: (backend): readonly Step[] =>
      backend === 'epoll' ? ['IN', 'IN|ET', 'IN|ONESHOT'].flatMap(recycledEntry) : recycledInterest,
  },
  epollCheck({
    id: 'life.reuse-generation',
    statement:
      'After DEL, close, and ADD of another file with the same number, nothing of the first registration is reported under the data of the second, not even what was ready or comes later.',
    source: 'wasmer generation of entries; elfuse issue 276',
    bugs: ['sysprog21/elfuse#276: an event of the file before, under the number of the file after'],
    steps: ['IN', 'IN|ET', 'IN|ONESHOT'].flatMap((mask) => [
      pipe('f', 'w'),
      eventfd('quiet'),
      epoll('ep'),
      add('ep', 'f', mask),
      // Its event is there, and not fetched; a duplicate lets the old file be written to also afterwards.
      write('w', 1),
      dup('f', 'still open'),
      del('ep', 'f'),
      close('f'),
      reopen('f', 'quiet', 'again'),
      add('ep', 'again', mask, { label: 'new' }),
      wait('ep', {}),
      write('w', 1),
      wait('ep', {}),
      close('still open'),
      wait('ep', {}),
      signal('quiet'),
      wait('ep', { new: 'IN' }),
      closeAll(),
      // The same, but dup2 does it in one step, and the first registration was never deleted.
      pipe('f', 'w'),
      eventfd('quiet'),
      epoll('ep'),
      add('ep', 'f', mask),
      write('w', 1),
      replace('f', 'quiet'),
      add('ep', 'f', mask, { label: 'new' }),
      wait('ep', {}),
      signal('quiet'),
      wait('ep', { new: 'IN' }),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'life.fd-number-independent',
    statement:
      'The data that a wait returns is what was registered, all 64 bits of it, whatever numbers are open, closed or reused.',
    level: 'de-facto',
    source: 'epoll_ctl(2); wasmer (data.fd was the key); qiling issue 1558',
    bugs: [
      'qilingframework/qiling#1558: data was made anew from the number',
      'wasmerio/wasmer: the entry was found by data.fd',
    ],
    run(machine) {
      machine.run(pipe('a', 'wa'), pipe('b', 'wb'), eventfd('quiet'), epoll('ep'))
      const [a, b] = [BigInt(machine.fd('a')), BigInt(machine.fd('b'))]
      // Each has the number of the other one as its data, and so on.
      const datas = [
        [b, a],
        [b | (a << 32n), a | (b << 32n)],
        [0n, 2n ** 64n - 1n],
        [7n, 7n],
      ] as const
      machine.run(write('wa', 1), write('wb', 1))
      for (const [dataA, dataB] of datas) {
        control(machine, 'ADD', 'a', dataA)
        control(machine, 'ADD', 'b', dataB)
        expectData(machine, [dataA, dataB])
        control(machine, 'MOD', 'a', dataB)
        control(machine, 'MOD', 'b', dataA)
        expectData(machine, [dataB, dataA])
        control(machine, 'DEL', 'a', 0n)
        expectData(machine, [dataA])
        control(machine, 'DEL', 'b', 0n)
      }
      // An entry of b that lives on without its number, which becomes another file's.
      control(machine, 'ADD', 'b', a)
      machine.run(dup('b', 'still open'), replace('b', 'quiet'))
      expectData(machine, [a])
      control(machine, 'ADD', 'b', b)
      expectData(machine, [a])
      machine.run(signal('quiet'))
      expectData(machine, [a, b])
    },
  }),
]

const recycledEntry = (mask: string): Step[] => {
  const isLevel = mask === 'IN'
  return [
    pipe('a', 'wa'),
    pipe('b', 'wb'),
    pipe('fresh', 'wf'),
    epoll('ep'),
    add('ep', 'a', mask),
    add('ep', 'b', mask),
    write('wa', 1),
    write('wb', 1),
    wait('ep', { a: 'IN', b: 'IN' }),
    // The handler of a.
    close('b'),
    reopen('b', 'fresh', 'b again'),
    close('fresh'),
    add('ep', 'b again', mask, { label: 'new' }),
    wait('ep', isLevel ? { a: 'IN' } : {}),
    write('wb', 1, 'EPIPE'),
    wait('ep', isLevel ? { a: 'IN' } : {}),
    write('wf', 1),
    wait('ep', { ...(isLevel ? { a: 'IN' } : {}), new: 'IN' }),
    closeAll(),
  ]
}

const readable = (token: string): { token: string; is: string } => ({ token, is: 'READABLE' })

/** The same with the portable contract, for backends without a kernel object: their tables are ours. */
const recycledInterest: readonly Step[] = [
  eventfd('a', 1),
  eventfd('b', 1),
  eventfd('fresh'),
  openPoller('p'),
  pollerAdd('p', 'a', 'READ', '1'),
  pollerAdd('p', 'b', 'READ', '2'),
  pollerWait('p', [readable('1'), readable('2')]),
  pollerRemove('p', 'b'),
  close('b'),
  reopen('b', 'fresh', 'b again'),
  pollerAdd('p', 'b again', 'READ', '3'),
  pollerWait('p', [readable('1')]),
  signal('fresh'),
  pollerWait('p', [readable('1'), readable('3')]),
  // The number is another file's before it is removed: it is the number that a set is made of.
  eventfd('quiet'),
  replace('b again', 'quiet'),
  pollerWait('p', [readable('1')]),
  pollerRemove('p', 'b again'),
  signal('quiet'),
  pollerWait('p', [readable('1')]),
]

function control(machine: Machine, command: 'ADD' | 'MOD' | 'DEL', fd: Name, data: bigint): void {
  machine.begin(`epoll_ctl(ep, ${command}, ${fd}) with data ${hex(data)}`)
  const event = encodeEvent(EPOLL.IN, data)
  underTest(machine, 'epoll_ctl', machine.fd('ep'), EPOLL_CTL[command], machine.fd(fd), event.address)
}

function expectData(machine: Machine, expected: readonly bigint[]): void {
  machine.begin('epoll_wait(ep, 8 events, 0 ms)')
  const buffer = eventBuffer(8)
  const count = underTest(machine, 'epoll_wait', machine.fd('ep'), buffer.address, 8, 0)
  const { size, offsets } = layouts.epoll_event
  const actual = Array.from({ length: count }, (_, i) =>
    buffer.view.getBigUint64(i * size + offsets.data, true),
  )
  const text = (datas: readonly bigint[]): string => datas.map(hex).toSorted().join(', ')
  machine.expect(text(actual), text(expected), 'data of the events')
}

const hex = (data: bigint): string => `0x${data.toString(16)}`
