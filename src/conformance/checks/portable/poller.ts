import {
  close,
  openPoller,
  closePoller,
  pipe,
  pollerAdd,
  pollerModify,
  pollerRemove,
  pollerWait,
  pollerWake,
  read,
  socketpair,
  write,
} from '../../build.ts'
import type { Check, Family } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { capabilityCheck } from './capabilities.ts'
import { many } from './many.ts'

const ALL_BITS = '0xffffffffffffffff'
const PATTERN = '0xdeadbeefcafebabe'
const decimal = (token: string): string => String(BigInt(token))

const checks: readonly Check[] = [
  portableCheck({
    id: 'poller.token-64-bit',
    statement: 'All 64 bits of a token come back, also those of a token that looks like -1.',
    source: 'epoll_ctl(2); qiling#1558',
    bugs: [
      'qilingframework/qiling#1558: the data was recomputed instead of kept',
      'apache/nuttx#3038: 64-bit handles were cut off',
    ],
    differs:
      "epoll keeps 64 bits of data. WASIX took the data for a descriptor. poll and select keep none: there the token is evloop's own.",
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      openPoller('p'),
      pollerAdd('p', 'r1', 'READ', ALL_BITS),
      pollerAdd('p', 'r2', 'READ', PATTERN),
      write('w1', 1),
      write('w2', 1),
      pollerWait('p', [
        { token: decimal(ALL_BITS), is: 'READABLE' },
        { token: decimal(PATTERN), is: 'READABLE' },
      ]),
    ],
  }),
  portableCheck({
    id: 'poller.errors',
    statement:
      'Adding twice is EEXIST, changing or removing what is not there ENOENT, a closed descriptor EBADF.',
    source: 'epoll_ctl(2); LTP epoll_ctl02',
    bugs: [
      'wasmerio/wasmer#6608: EEXIST and ENOENT were missing',
      'WasmEdge/WasmEdge#1165: adding for reading and for writing was two entries',
    ],
    differs: 'A kqueue modifies what is added again. F-Stack and WASIX accepted it silently.',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      openPoller('p'),
      pollerModify('p', 'r', 'READ', '1', { expect: 'ENOENT' }),
      pollerRemove('p', 'r', 'ENOENT'),
      pollerAdd('p', 'r', 'READ', '1'),
      pollerAdd('p', 'r', 'READ', '2', { expect: 'EEXIST' }),
      write('w', 1),
      pollerWait('p', [{ token: '1', is: 'READABLE' }]),
      close('r2'),
      pollerAdd('p', 'r2', 'READ', '3', { expect: 'EBADF' }),
    ],
  }),
  portableCheck({
    id: 'poller.modify',
    statement: 'Modifying replaces interest and token, and takes effect on what is ready already.',
    source: 'epoll_ctl(2); mio; polling',
    bugs: ['DragonOS#1528, #1545: flags were read from the wrong mask'],
    steps: [
      socketpair('a', 'b'),
      openPoller('p'),
      pollerAdd('p', 'a', 'READ', '1'),
      pollerWait('p', []),
      pollerModify('p', 'a', 'WRITE', '2'),
      pollerWait('p', [{ token: '2', is: 'WRITABLE' }]),
      write('b', 1),
      pollerWait('p', [{ token: '2', is: 'WRITABLE' }]),
      pollerModify('p', 'a', 'READ|WRITE', '3'),
      pollerWait('p', [{ token: '3', is: 'READABLE|WRITABLE' }]),
      pollerModify('p', 'a', 'READ', '4'),
      read('a', 1),
      pollerWait('p', []),
    ],
  }),
  portableCheck({
    id: 'poller.remove-drops-pending',
    statement: 'What was removed is not reported, even if it was ready already, and can be added again.',
    source: 'Miri; gVisor; wasmer wasix tests',
    bugs: [
      'wasmerio/wasmer#6608: an event of a removed entry hit the descriptor that had its number next, and PHP wrote into the wrong file',
      'FDio/vpp#708: an event of a session that was closed',
    ],
    differs: 'epoll and kqueue drop what is queued; a completion of io_uring stays.',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1'),
      write('w', 1),
      pollerRemove('p', 'r'),
      pollerWait('p', []),
      pollerAdd('p', 'r', 'READ', '2'),
      pollerWait('p', [{ token: '2', is: 'READABLE' }]),
    ],
  }),
  portableCheck({
    id: 'poller.oneshot',
    statement: 'A oneshot registration is reported once, and again after it was modified.',
    source: 'epoll_ctl(2); polling; LTP epoll_wait07',
    bugs: [
      'shadow/shadow#349: a one-shot entry repeated',
      'apache/nuttx#8871: a one-shot entry was freed',
      'cloudius-systems/osv#413: one-shot failed an assertion',
    ],
    differs:
      'After it fired, epoll keeps the entry disabled; kqueue deletes it (EV_ONESHOT) or disables it (EV_DISPATCH).',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1', { trigger: 'oneshot' }),
      write('w', 1),
      pollerWait('p', [{ token: '1', is: 'READABLE' }]),
      pollerWait('p', []),
      write('w', 1),
      pollerWait('p', []),
      pollerAdd('p', 'r', 'READ', '9', { trigger: 'oneshot', expect: 'EEXIST' }),
      pollerModify('p', 'r', 'READ', '2', { trigger: 'oneshot' }),
      pollerWait('p', [{ token: '2', is: 'READABLE' }]),
      pollerWait('p', []),
      pollerModify('p', 'r', 'READ', '3'),
      pollerWait('p', [{ token: '3', is: 'READABLE' }]),
      pollerWait('p', [{ token: '3', is: 'READABLE' }]),
    ],
  }),
  portableCheck({
    id: 'poller.small-batch',
    statement: 'With room for one event, three ready descriptors are all reported within three waits.',
    source: 'epoll_wait(2); LTP epoll_wait14; libvma#236',
    bugs: [
      'unikraft/unikraft#1297: edges were lost where fewer events were asked for than were ready',
      'rust-lang/miri#3812: events were lost',
    ],
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      pipe('r3', 'w3'),
      openPoller('p'),
      pollerAdd('p', 'r1', 'READ', '1', { trigger: 'oneshot' }),
      pollerAdd('p', 'r2', 'READ', '2', { trigger: 'oneshot' }),
      pollerAdd('p', 'r3', 'READ', '3'),
      write('w1', 1),
      write('w2', 1),
      pollerWait('p', [{ token: '1', is: 'READABLE' }], { capacity: 1 }),
      pollerWait('p', [{ token: '2', is: 'READABLE' }], { capacity: 1 }),
      write('w3', 1),
      pollerWait('p', [{ token: '3', is: 'READABLE' }], { capacity: 1 }),
      pollerWait('p', [{ token: '3', is: 'READABLE' }], { capacity: 1 }),
    ],
  }),
  portableCheck({
    id: 'poller.rotation',
    statement: 'With room for one event, two descriptors that stay ready are reported in turn.',
    level: 'de-facto',
    source: 'LTP epoll_wait14; Gramine; libvma#236',
    bugs: ['Mellanox/libvma#236: descriptors of the kernel starved behind those of the library'],
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      openPoller('p'),
      pollerAdd('p', 'r1', 'READ', '1'),
      pollerAdd('p', 'r2', 'READ', '2'),
      write('w1', 1),
      write('w2', 1),
      pollerWait('p', [{ token: '1', is: 'READABLE' }], { capacity: 1 }),
      pollerWait('p', [{ token: '2', is: 'READABLE' }], { capacity: 1 }),
      pollerWait('p', [{ token: '1', is: 'READABLE' }], { capacity: 1 }),
      pollerWait('p', [{ token: '2', is: 'READABLE' }], { capacity: 1 }),
    ],
  }),
  portableCheck({
    id: 'poller.never-early',
    statement: 'A wait that times out has lasted its whole time, at 50 us, 200 us, 1.5 ms and 10 ms.',
    kind: 'time',
    source: 'kernel selftest epoll_wakeup 63; mio and mojito-sys#162 (rounding); measured',
    bugs: [
      'mio#1948: a long timeout wrapped to infinite',
      'mojito-sys#162: timeouts below a millisecond became 0, and the loop spun',
      'libev, libevent: old kernels rounded timeouts down',
      'mtcp-stack/mtcp#101: timeouts of up to 1000 ms returned at once',
    ],
    differs:
      'epoll_wait counts milliseconds, epoll_pwait2, ppoll and kqueue nanoseconds, select microseconds; each must round up.',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1'),
      ...[50_000, 200_000, 1_500_000, 10_000_000].map((timeoutNs) => pollerWait('p', [], { timeoutNs })),
    ],
  }),
  portableCheck({
    id: 'poller.wake',
    statement: 'Wakes before a wait are one WAKE event, which leaves nothing behind and hides nothing else.',
    source: 'polling; mio waker tests',
    bugs: [
      'smol-rs/polling#265, nng#575: a wake without EV_CLEAR never ended, and the loop spun',
      'compio#931: a waker that was drained partially lost the next wake',
    ],
    differs: 'A wake is an eventfd or pipe on Linux, EVFILT_USER on kqueue, a posted message on io_uring.',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1'),
      pollerWake('p'),
      pollerWake('p'),
      pollerWait('p', [{ token: '0', is: 'WAKE' }]),
      pollerWait('p', []),
      pollerWake('p'),
      write('w', 1),
      pollerWait('p', [
        { token: '0', is: 'WAKE' },
        { token: '1', is: 'READABLE' },
      ]),
    ],
  }),
  portableCheck({
    id: 'poller.closed',
    statement: 'A closed poller answers EBADF, never an event, and can be closed again.',
    source: 'close(2)',
    differs:
      'A thread that waits while its poller is closed is not woken on Linux, FreeBSD and DragonFly; on macOS and with libkqueue it gets EBADF.',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1'),
      closePoller('p'),
      closePoller('p'),
      pollerAdd('p', 'w', 'WRITE', '2', { expect: 'EBADF' }),
      pollerRemove('p', 'r', 'EBADF'),
    ],
  }),
  many,
  ...capabilityCheck,
]

/** The contract of Pollers (`src/backends/backend.ts`), over every backend. */
export const pollers: Family = {
  name: 'poller',
  title: 'Poller contract',
  why: 'Everything in a program that uses evloop stands on this contract. A backend that breaks it loses events, or reports them of descriptors that are none of its own any more.',
  checks,
}
