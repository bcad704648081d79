import { entry, pollEntries } from '../../steps/arrays.ts'
import { call, close, drain, eventfd, pipe, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { pollCheck } from '../../define.ts'

const INT_MIN = -(2 ** 31)
const INT_MAX = 2 ** 31 - 1

/** What poll does with its array, entry by entry. Every step also compares `fd`, `events` and what lies behind the end. */
export const pollArrays: readonly Check[] = [
  pollCheck({
    id: 'poll.events-field-untouched',
    statement: 'Every entry keeps its fd and its events, ready or not, timed out or not.',
    source: 'poll(2); gVisor',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      pollEntries([entry('r', 'IN|PRI|RDHUP|RDNORM|RDBAND'), entry(-1, 'IN|OUT'), entry('r2', '0')], {
        timeoutMs: 5,
      }),
      write('w', 1),
      close('w2'),
      pollEntries([
        entry('r', 'IN|PRI|RDHUP', 'IN'),
        entry('w', 'OUT|WRNORM', 'OUT|WRNORM'),
        entry('r2', 'IN', 'HUP'),
        entry('w2', 'OUT|IN', 'NVAL'),
        entry(-7, 'OUT|PRI'),
        entry('r', 'OUT'),
      ]),
    ],
  }),
  pollCheck({
    id: 'poll.revents-zeroed',
    statement: 'Every revents is overwritten, with 0 where nothing is to be reported, whatever stood there.',
    source: 'poll(2); Asterinas; StarryOS',
    why: 'An array is used again and again; what was reported in the last round must not be there in the next.',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      pollEntries([entry('r', 'IN'), entry('r2', '0'), entry(-1, 'IN')]),
      pollEntries([entry('r', 'IN'), entry('r2', '0'), entry(-1, 'IN')], { timeoutMs: 3 }),
      write('w2', 1),
      pollEntries([
        entry(-1, 'IN'),
        entry('r', 'IN'),
        entry('r2', 'IN', 'IN'),
        entry('r', 'PRI'),
        entry(-1, '0'),
      ]),
      pollEntries([entry('r2', 'IN', 'IN'), entry(-1, 'IN|OUT'), entry('r', 'IN')], { timeoutMs: 300 }),
      drain('r2'),
      pollEntries([entry('r2', 'IN'), entry('r', 'IN')]),
    ],
  }),
  pollCheck({
    id: 'poll.negative-fd',
    statement:
      'An entry whose fd is negative, be it -1 or INT_MIN, is passed over: revents 0, not counted, never NVAL.',
    source: 'poll(2); StarryOS; gVisor',
    why: 'A loop takes a descriptor out of its array by making it negative.',
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      pollEntries([-1, -2, -1000, INT_MIN, INT_MIN + 1].map((fd) => entry(fd, 'IN|OUT|PRI'))),
      pollEntries(
        [-1, INT_MIN].map((fd) => entry(fd, 'IN')),
        { timeoutMs: 3 },
      ),
      pollEntries([entry(-1, 'IN'), entry('r', 'IN', 'IN'), entry(INT_MIN, 'OUT'), entry('w', 'OUT', 'OUT')]),
    ],
  }),
  pollCheck({
    id: 'poll.nval',
    statement:
      'A number that no descriptor has is NVAL and nothing else, is counted, and ends the wait at once, also if nothing is asked for.',
    source: 'poll(2); LTP poll04',
    steps: [
      pipe('r', 'w'),
      eventfd('gone', 1),
      close('gone'),
      pollEntries([entry('gone', 'IN|OUT|PRI', 'NVAL')]),
      pollEntries([entry('gone', '0', 'NVAL')], { timeoutMs: 5000, atMostMs: 2500 }),
      pollEntries([entry('r', 'IN'), entry('gone', 'IN', 'NVAL'), entry('w', 'OUT', 'OUT')], {
        timeoutMs: 5000,
        atMostMs: 2500,
      }),
      // Numbers beyond anything that a table of descriptors has.
      pollEntries([entry(1 << 24, 'IN', 'NVAL'), entry(INT_MAX, 'OUT', 'NVAL'), entry('r', 'IN')]),
      // The number is not remembered: it is good as soon as a descriptor has it.
      call('dup2', ['$w', '$gone'], 'ok', 'again'),
      pollEntries([entry('gone', 'OUT', 'OUT')]),
    ],
  }),
  pollCheck({
    id: 'poll.duplicates',
    statement:
      'A descriptor may stand in the array more than once: every entry is filled in, for what it asked, and counted.',
    source: 'measured',
    bugs: ['Mellanox/libvma#559: a descriptor that stood there twice was not handled'],
    steps: [
      socketpair('a', 'b'),
      pollEntries([entry('a', 'IN'), entry('a', 'IN')], { timeoutMs: 3 }),
      pollEntries([entry('a', 'IN'), entry('a', 'OUT', 'OUT')], { timeoutMs: 300 }),
      write('b', 1),
      pollEntries([entry('a', 'IN', 'IN'), entry('a', 'IN', 'IN')], { expect: 2 }),
      pollEntries([
        entry('a', 'IN', 'IN'),
        entry('b', 'IN'),
        entry('a', 'OUT', 'OUT'),
        entry('a', '0'),
        entry('a', 'IN|OUT', 'IN|OUT'),
      ]),
      close('b'),
      pollEntries([
        entry('b', 'IN', 'NVAL'),
        entry('a', '0', 'HUP'),
        entry('b', '0', 'NVAL'),
        entry('a', '0', 'HUP'),
      ]),
    ],
  }),
]
