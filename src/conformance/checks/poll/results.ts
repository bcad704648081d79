import { entry, pollEntries } from '../../steps/arrays.ts'
import type { Check } from '../../check.ts'
import { pollCheck } from '../../define.ts'
import {
  blocked,
  close,
  closeAll,
  drain,
  eventfd,
  fill,
  join,
  pipe,
  shutdown,
  signal,
  sleep,
  socketpair,
  thread,
  write,
} from '../../build.ts'
import { WOKEN } from '../../patience.ts'

/** What is reported, and of how many. */
export const pollResults: readonly Check[] = [
  pollCheck({
    id: 'poll.return-is-entry-count',
    statement:
      'The result is the number of entries that have something to report, however many bits each has.',
    source: 'poll(2); LTP; gVisor',
    why: 'Programs stop looking through the array when they have found as many entries as poll said.',
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      pollEntries([entry('r', 'IN'), entry('a', 'IN')], { expect: 0 }),
      write('w', 1),
      write('b', 1),
      pollEntries([entry('a', 'IN|OUT', 'IN|OUT')], { expect: 1 }),
      pollEntries([entry('a', 'IN|OUT', 'IN|OUT'), entry('r', 'OUT'), entry('w', 'OUT', 'OUT')], {
        expect: 2,
      }),
      shutdown('b', 'WR'),
      pollEntries([entry('a', 'IN|OUT|RDHUP', 'IN|OUT|RDHUP'), entry('r', 'IN', 'IN')], { expect: 2 }),
      close('b'),
      pollEntries([entry('a', 'IN|OUT|RDHUP', 'IN|OUT|RDHUP|HUP')], { expect: 1 }),
    ],
  }),
  pollCheck({
    id: 'poll.only-requested',
    statement:
      'What was not asked for is not reported and ends no wait: a writable pipe asked for IN times out.',
    source: 'poll(2); gVisor ImmediatelyReturnOnlyOnPollEvents',
    bugs: ['Milky2018/wasmoon#339: what was asked for was ignored'],
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      pollEntries([entry('w', 'IN')], { timeoutMs: 3 }),
      pollEntries([entry('a', 'IN'), entry('w', 'IN|PRI')], { timeoutMs: 3 }),
      pollEntries([entry('a', 'OUT', 'OUT')]),
      write('b', 1),
      write('w', 1),
      pollEntries([entry('a', 'IN', 'IN'), entry('r', 'OUT'), entry('w', '0')]),
      pollEntries([entry('a', '0'), entry('r', '0'), entry('w', '0'), entry('a', 'PRI|RDHUP')], {
        timeoutMs: 3,
      }),
      fill('w'),
      pollEntries([entry('w', 'IN|OUT')], { timeoutMs: 3 }),
    ],
  }),
  pollCheck({
    id: 'poll.hup-err-unmaskable',
    statement: 'HUP, ERR and NVAL are reported to who asks for nothing, and HUP and ERR are two things.',
    source: 'poll(2); gVisor; rdar 37537852',
    bugs: [
      'lionheart/openradar-mirror#19355: macOS does not report HUP with events of 0',
      'gramineproject/gramine#1073: ERR and HUP were one',
    ],
    differs: 'macOS reports no HUP to who asks for nothing.',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      socketpair('a', 'b'),
      socketpair('gone', 'other'),
      pollEntries([entry('r', '0'), entry('w2', '0'), entry('a', '0'), entry('other', '0')]),
      close('w'),
      close('r2'),
      close('b'),
      close('gone'),
      pollEntries([
        entry('r', '0', 'HUP'),
        entry('w2', '0', 'ERR'),
        entry('a', '0', 'HUP'),
        entry('gone', '0', 'NVAL'),
        entry('r', 'OUT', 'HUP'),
        entry('w2', 'IN', 'ERR'),
      ]),
    ],
  }),
  pollCheck({
    id: 'poll.hup-only-interest-no-early-return',
    statement: 'Who asks for HUP alone sleeps on while data arrives, and wakes up for the hang-up.',
    kind: 'thread',
    threads: 1,
    source: 'poll(2); rdar 37550628',
    bugs: ['lionheart/openradar-mirror#19356: macOS returns 0, before its time is over, when data arrives'],
    steps: [pipe('r', 'w'), socketpair('a', 'b')].flatMap((make) => {
      const [watched, peer] = make.op === 'pipe' ? [make.read, make.write] : [make.a, make.b]
      return [
        make,
        thread('waiter', pollEntries([entry(watched, 'HUP', 'HUP')], WOKEN)),
        blocked('waiter'),
        write(peer, 1),
        sleep(3),
        write(peer, 1),
        blocked('waiter'),
        drain(watched),
        blocked('waiter'),
        close(peer),
        join('waiter'),
        closeAll(),
      ]
    }),
  }),
  pollCheck({
    id: 'poll.sysconf-order',
    statement: 'Every entry has its own answer at its own place, in whatever order the descriptors stand.',
    level: 'quirk',
    source: 'measured',
    steps: [
      eventfd('e1', 1),
      eventfd('e2'),
      eventfd('e3', 1),
      eventfd('e4'),
      pollEntries(
        ['e3', 'e2', 'e4', 'e1'].map((fd) => entry(fd, 'IN', fd === 'e3' || fd === 'e1' ? 'IN' : '0')),
      ),
      signal('e4'),
      pollEntries([
        entry('e4', 'IN', 'IN'),
        entry('e3', 'OUT', 'OUT'),
        entry('e2', 'IN'),
        entry('e1', 'IN|OUT', 'IN|OUT'),
        entry('e2', 'OUT', 'OUT'),
      ]),
    ],
  }),
]
