import { O } from '../../../libc/constants/linux.ts'
import { entry, pollEntries } from '../../steps/arrays.ts'
import {
  bind,
  call,
  connect,
  drain,
  eventfd,
  listener,
  pipe,
  socket,
  socketpair,
  tcp,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { pollCheck } from '../../define.ts'
import { ARRIVAL } from '../../patience.ts'
import type { Name, Step } from '../../steps.ts'
import { open } from '../../steps/files.ts'
import { blockSignals, raise, settime, settleReady, signalfd, timerfd } from '../../steps/sources.ts'
import { pty, slave, typeText } from '../../steps/terminals.ts'

const BANDS = 'IN|OUT|RDNORM|WRNORM|RDBAND|WRBAND'

/** What poll says of a descriptor that is asked for every band. */
const bands = (fd: Name, revents: string, timeoutMs = 0): Step =>
  pollEntries([entry(fd, BANDS, revents)], { timeoutMs })

/** What poll reports of kinds of descriptors. The matrix of readiness has the rest. */
export const pollKinds: readonly Check[] = [
  pollCheck({
    id: 'poll.norm-bands',
    statement:
      'RDNORM goes with IN and WRNORM with OUT for pipes and unix sockets, and WRBAND for the sockets alone; an eventfd has neither.',
    level: 'de-facto',
    source: 'poll(2); gVisor; rcore-os/tgoskits#1925; measured',
    bugs: ['google/gvisor#1659: RDNORM was never reported, and programs that ask for it hung'],
    steps: [
      pipe('r', 'w'),
      bands('r', '0'),
      bands('w', 'OUT|WRNORM'),
      write('w', 1),
      bands('r', 'IN|RDNORM'),
      pollEntries([
        entry('r', 'RDNORM', 'RDNORM'),
        entry('w', 'WRNORM', 'WRNORM'),
        entry('r', 'RDBAND|WRNORM'),
      ]),
      drain('r'),
      pollEntries([entry('r', 'RDNORM')]),
      socketpair('a', 'b'),
      bands('a', 'OUT|WRNORM|WRBAND'),
      write('b', 1),
      bands('a', 'IN|RDNORM|OUT|WRNORM|WRBAND'),
      eventfd('e', 1),
      bands('e', 'IN|OUT'),
    ],
  }),
  pollCheck({
    id: 'poll.norm-bands.inet',
    statement:
      'RDNORM goes with IN and WRNORM with OUT for TCP, its listeners too, and UDP, and WRBAND for UDP alone.',
    level: 'de-facto',
    source: 'poll(2); gVisor; measured',
    steps: [
      tcp('client', 'server'),
      bands('server', 'OUT|WRNORM'),
      write('client', 1),
      pollEntries([entry('server', 'RDNORM', 'RDNORM')], ARRIVAL),
      bands('server', 'IN|RDNORM|OUT|WRNORM'),
      socket('udp', 'inet', 'dgram'),
      bind('udp', 'inet'),
      bands('udp', 'OUT|WRNORM|WRBAND'),
      listener('l', 'inet'),
      bands('l', '0'),
      socket('c', 'inet'),
      connect('c', 'l', 'EINPROGRESS'),
      pollEntries([entry('l', 'RDNORM', 'RDNORM')], ARRIVAL),
      bands('l', 'IN|RDNORM'),
    ],
  }),
  pollCheck({
    id: 'poll.norm-bands.tty',
    statement: 'RDNORM goes with IN and WRNORM with OUT for terminals.',
    level: 'de-facto',
    source: 'poll(2); gVisor; measured',
    steps: [
      pty('master'),
      slave('tty', 'master'),
      bands('tty', 'OUT|WRNORM'),
      typeText('master', 'a line\n'),
      settleReady('tty', 'IN'),
      bands('tty', 'IN|RDNORM|OUT|WRNORM'),
      pollEntries([
        entry('tty', 'RDNORM', 'RDNORM'),
        entry('tty', 'WRNORM', 'WRNORM'),
        entry('tty', 'RDBAND|WRBAND'),
      ]),
    ],
  }),
  pollCheck({
    id: 'poll.norm-bands.sources',
    statement: 'A timerfd and a signalfd are IN when they can be read, and of no band.',
    level: 'de-facto',
    source: 'rcore-os/tgoskits#1925; measured',
    steps: [
      timerfd('timer'),
      settime('timer', 0.001),
      settleReady('timer', 'IN'),
      bands('timer', 'IN'),
      pollEntries([entry('timer', 'RDNORM|WRNORM|OUT')]),
      blockSignals('URG'),
      signalfd('signals', ['URG']),
      bands('signals', '0'),
      raise('URG'),
      bands('signals', 'IN'),
      call('read', ['$signals', { bytes: 128 }, 128], 128),
    ],
  }),
  pollCheck({
    id: 'poll.regular-and-dir',
    statement: 'Files and directories are readable and writable, always, however they were opened.',
    source: 'poll(2); POSIX; gVisor; StarryOS',
    steps: [
      open('directory', '/'),
      pollEntries([entry('directory', 'IN|OUT|PRI', 'IN|OUT')], { timeoutMs: 1000 }),
      open('file', '/proc/self/exe'),
      pollEntries([entry('file', 'IN|OUT|PRI', 'IN|OUT'), entry('directory', 'OUT', 'OUT')], {
        timeoutMs: 1000,
      }),
      pollEntries([entry('file', '0'), entry('directory', 'PRI')]),
    ],
  }),
  pollCheck({
    id: 'poll.devnull-tty',
    statement: 'Devices are descriptors like others: /dev/null is readable and writable and not NVAL.',
    level: 'de-facto',
    source: 'eio#893; termbox2#31; curl',
    differs: 'macOS says NVAL of some devices.',
    steps: [
      open('null', '/dev/null', O.RDWR),
      pollEntries([entry('null', 'IN|OUT', 'IN|OUT')], { timeoutMs: 1000 }),
      pollEntries([entry('null', '0')]),
      open('read only', '/dev/null'),
      pollEntries([entry('read only', 'IN', 'IN')]),
    ],
  }),
  pollCheck({
    id: 'poll.devnull-tty.tty',
    statement:
      'A terminal is a descriptor like others: writable, readable when a line is there, and never NVAL.',
    level: 'de-facto',
    source: 'termbox2#31; curl',
    bugs: ['termbox/termbox2#31, FreeRDP#9143, mpv#5199: macOS says NVAL of a terminal'],
    differs: 'macOS says NVAL of /dev/tty.',
    steps: [
      pty('master'),
      slave('tty', 'master'),
      pollEntries([entry('tty', 'IN|OUT', 'OUT'), entry('master', 'IN')]),
      pollEntries([entry('tty', 'IN'), entry('tty', '0')], { timeoutMs: 5 }),
      typeText('master', 'a line\n'),
      settleReady('tty', 'IN'),
      pollEntries([entry('tty', 'IN|OUT', 'IN|OUT'), entry('tty', '0')], { timeoutMs: 1000 }),
    ],
  }),
]
