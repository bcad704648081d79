import { UnsupportedError } from '../../../errors.ts'
import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import { layouts } from '../../../libc/layouts.ts'
import { sameOrigin } from '../../../libc/libc.ts'
import { add, epoll, eventfd, pipe, wait, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { RawEvents } from './raw-events.ts'

const { size: EVENT_SIZE, offsets } = layouts.epoll_event

/** Bytes that no event of these checks holds, to tell what the kernel has written. */
const UNTOUCHED = 0xa5

/** Data that a wrong width, sign or order of bytes would change: patterns, and each bit alone. */
const DATA = [
  0xdeadbeefcafebaben,
  0n,
  2n ** 64n - 1n,
  0xffffffffn,
  0xffffffff00000000n,
  ...Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit)),
]

export const abi: readonly Check[] = [
  epollCheck({
    id: 'epoll.abi.event-size',
    statement: `epoll_wait writes events of ${EVENT_SIZE} bytes, with the data ${offsets.data} bytes in: packed on x86-64, aligned everywhere else.`,
    source: '<linux/eventpoll.h>; epoll-shim; odin-lang/Odin#5837; FEX-Emu/FEX#590; asterinas#2470',
    differs:
      'The struct is packed on x86-64 alone (12 bytes, data at 4); everywhere else it has 16 bytes and the data at 8. Emulators between architectures have to translate it.',
    bugs: [
      'FEX-Emu/FEX#590: an emulator did not translate the struct',
      'asterinas/asterinas#2470: it was packed on RISC-V',
      'odin-lang/Odin#5646: it was not packed on x86-64',
    ],
    run(machine) {
      const events = new RawEvents(4)
      machine.run(
        pipe('r1', 'w1'),
        pipe('r2', 'w2'),
        epoll('ep'),
        add('ep', 'r1', 'IN'),
        add('ep', 'r2', 'IN'),
        write('w1', 1),
        write('w2', 1),
      )
      machine.begin('epoll_wait with two entries ready')
      events.bytes.fill(UNTOUCHED)
      const n = resultOf(machine.libc, 'epoll_wait', machine.fd('ep'), events.address, 4, 0)
      machine.expect(n, 2, 'epoll_wait')
      // Which of the two comes first is not part of this, so the data is looked for.
      const found = ['r1', 'r2'].map((name) => placeOf(machine.labels.data(name), events.bytes))
      const [first, second] = found.toSorted((a, b) => a - b)
      machine.expect(
        `data at bytes ${first} and ${second}`,
        `data at bytes ${offsets.data} and ${EVENT_SIZE + offsets.data}`,
        'two events',
      )
      machine.expect(events.mask(0), EPOLL.IN, 'mask of the first event')
      machine.expect(events.mask(1), EPOLL.IN, 'mask of the second event')
    },
  }),
  epollCheck({
    id: 'epoll.abi.unaligned-event',
    statement: 'Events may lie at any address, for epoll_ctl and for epoll_wait.',
    level: 'de-facto',
    source: 'StarryOS (the network poller of Go); tgoskits#914; measured',
    bugs: [
      "rcore-os/tgoskits#914: EFAULT for an event that was not aligned; Go's network poller could not start",
    ],
    run(machine) {
      machine.run(eventfd('e', 1), epoll('ep'))
      for (let shift = 0; shift < 8; shift++) {
        machine.begin(`events ${shift} bytes past an aligned address`)
        const given = new RawEvents(1, shift)
        const got = new RawEvents(2, shift)
        const data = 0x1122334455667788n + BigInt(shift)
        given.set(0, EPOLL.IN, data)
        expectControl(machine, EPOLL_CTL.ADD, given)
        expectOneEvent(machine, got, data)
        const other = BigInt.asUintN(64, ~data)
        given.set(0, EPOLL.IN, other)
        expectControl(machine, EPOLL_CTL.MOD, given)
        expectOneEvent(machine, got, other)
        expectControl(machine, EPOLL_CTL.DEL, given)
      }
    },
  }),
  epollCheck({
    id: 'epoll.abi.data-u64',
    statement: 'All 64 bits of the data come back as they were given, by ADD and by MOD.',
    source: 'epoll_ctl(2); qiling#1558; apache/nuttx#3038; measured',
    differs: 'WASIX took the data for a descriptor and used it as the key of the entry.',
    bugs: [
      'qilingframework/qiling#1558: the data was computed anew',
      'apache/nuttx#3038: only half of the data was kept',
    ],
    run(machine) {
      machine.run(eventfd('e', 1), epoll('ep'))
      const given = new RawEvents(1)
      const got = new RawEvents(2)
      for (const [i, data] of DATA.entries()) {
        machine.begin(`data 0x${data.toString(16)}`)
        given.set(0, EPOLL.IN, data)
        expectControl(machine, i === 0 ? EPOLL_CTL.ADD : EPOLL_CTL.MOD, given)
        expectOneEvent(machine, got, data)
      }
    },
  }),
  epollCheck({
    id: 'epoll.legacy-entrypoints',
    statement:
      'The system calls epoll_create and epoll_wait work by their own numbers, which old programs use, like the newer ones.',
    level: 'de-facto',
    source: 'StarryOS compat-entrypoints',
    bugs: ['milkv-duo/duo-buildroot-sdk#76, skiffos/SkiffOS#1: ENOSYS on kernels of vendors'],
    differs: 'arm64 and RISC-V never had the old calls; there the libc makes the newer ones.',
    run(machine) {
      const { libc } = machine
      const numbers = syscallNumbers()
      const { epoll_create: creation, epoll_wait: waiting, epoll_pwait: newWaiting } = numbers ?? {}
      if (creation === undefined || waiting === undefined || newWaiting === undefined) {
        throw new UnsupportedError('epoll_create', `${process.arch} has no number for this system call`)
      }
      if (!sameOrigin(libc, 'epoll_wait', 'syscall')) {
        throw new UnsupportedError('syscall', 'it does not reach the library that has epoll_wait')
      }
      const legacy = (
        number: number,
        ...args: readonly [number, number, number, number]
      ): number | string => {
        const result = resultOf(libc, 'syscall', number, ...args, 0, 0)
        if (result === 'EPERM') throw new UnsupportedError('syscall', `number ${number} is forbidden here`)
        return result
      }
      machine.begin('epoll_create(0) and epoll_create(1) by number')
      machine.expect(legacy(creation, 0, 0, 0, 0), 'EINVAL', 'epoll_create(0)')
      const ep = legacy(creation, 1, 0, 0, 0)
      if (typeof ep === 'string') throw new Failure('epoll_create(1) gives a descriptor', ep)
      machine.bind('ep', ep)
      machine.run(eventfd('e', 1), add('ep', 'e', 'IN', { label: 'e' }), wait('ep', { e: 'IN' }))
      const events = new RawEvents(2)
      for (const [name, number] of [
        ['epoll_wait', waiting],
        ['epoll_pwait', newWaiting],
      ] as const) {
        machine.begin(`${name} by number`)
        events.bytes.fill(0)
        machine.expect(legacy(number, ep, events.address, 2, 0), 1, name)
        expectEvent(machine, events, machine.labels.data('e'))
        machine.expect(legacy(number, ep, events.address, 0, 0), 'EINVAL', `${name} with room for no event`)
      }
    },
  }),
]

/** epoll_ctl of `e`, which must succeed. */
function expectControl(machine: Machine, op: number, event: RawEvents): void {
  const result = resultOf(machine.libc, 'epoll_ctl', machine.fd('ep'), op, machine.fd('e'), event.address)
  machine.expect(result, 0, 'epoll_ctl')
}

/** epoll_wait must give the one entry, with this data. */
function expectOneEvent(machine: Machine, events: RawEvents, data: bigint): void {
  events.bytes.fill(0)
  const n = resultOf(machine.libc, 'epoll_wait', machine.fd('ep'), events.address, 2, 0)
  machine.expect(n, 1, 'epoll_wait')
  expectEvent(machine, events, data)
}

function expectEvent(machine: Machine, events: RawEvents, data: bigint): void {
  machine.expect(events.mask(0), EPOLL.IN, 'mask')
  machine.expect(`0x${events.data(0).toString(16)}`, `0x${data.toString(16)}`, 'data')
}

/** Where the eight bytes of a number stand, or -1. */
function placeOf(data: bigint, bytes: Uint8Array): number {
  const pattern = Buffer.alloc(8)
  pattern.writeBigUInt64LE(data)
  return Buffer.from(bytes).indexOf(pattern)
}
