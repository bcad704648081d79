import { above, selectSets } from '../../steps/arrays.ts'
import { close, closeAll, drain, fill, pipe, read, sendOob, socketpair, tcp, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { selectCheck } from '../../define.ts'
import { ARRIVAL } from '../../patience.ts'
import { flushInput, packetMode, pty, slave } from '../../steps/terminals.ts'

/** What comes back, in which set, and how many bits are counted. */
export const selectResults: readonly Check[] = [
  selectCheck({
    id: 'select.return-counts-bits',
    statement:
      'The result is the number of bits in all three sets: a descriptor that can be read and written counts twice.',
    source: 'select(2); gVisor',
    why: 'Programs stop looking through the sets when they have found as many bits as select said.',
    steps: [
      socketpair('a', 'b'),
      pipe('r', 'w'),
      selectSets(above('w'), { read: ['a', 'r'], write: [], except: ['a'] }, { read: [] }, { expect: 0 }),
      selectSets(above('w'), { read: ['a'], write: ['a', 'b'] }, { write: ['a', 'b'] }, { expect: 2 }),
      write('b', 1),
      selectSets(
        above('a'),
        { read: ['a'], write: ['a'], except: ['a'] },
        { read: ['a'], write: ['a'] },
        { expect: 2 },
      ),
      write('w', 1),
      selectSets(
        above('w'),
        { read: ['a', 'b', 'r'], write: ['a', 'w'], except: ['a', 'b', 'r', 'w'] },
        { read: ['a', 'r'], write: ['a', 'w'] },
        { expect: 4 },
      ),
      selectSets(above('w'), { read: ['a'] }, { read: ['a'] }, { expect: 1 }),
      selectSets(above('w'), { write: ['w'] }, { write: ['w'] }, { expect: 1 }),
    ],
  }),
  selectCheck({
    id: 'select.timeout-clears-sets',
    statement: 'When the time is over the result is 0, and all three sets are empty.',
    source: 'select(2); LTP select04',
    why: 'Many programs look at the sets without looking at the result.',
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      fill('w'),
      drain('r'),
      fill('w'),
      selectSets(
        above('b'),
        { read: ['a', 'b'], write: ['w'], except: ['r', 'w', 'a', 'b'] },
        {},
        { timeoutMs: 0 },
      ),
      selectSets(
        above('b'),
        { read: ['a', 'b'], write: ['w'], except: ['r', 'w', 'a', 'b'] },
        {},
        { timeoutMs: 4 },
      ),
      selectSets(above('b'), { read: ['b'] }, {}, { timeoutMs: 3 }),
      selectSets(above('b'), { except: ['r', 'a'] }, {}, { timeoutMs: 3 }),
      // What is not ready is also cleared where something else is.
      selectSets(
        above('b'),
        { read: ['r', 'a'], write: ['w', 'b'], except: ['a'] },
        { read: ['r'], write: ['b'] },
      ),
    ],
  }),
  selectCheck({
    id: 'select.except-set',
    statement:
      'Errors and hang-ups are not in the third set: an error is readable and writable, a hang-up readable, and of a socket writable too.',
    source: 'select(2), correspondence with poll; gVisor; measured',
    steps: [
      // A writer whose readers are gone: ERR.
      pipe('r', 'w'),
      close('r'),
      selectSets(above('w'), { read: ['w'], write: ['w'], except: ['w'] }, { read: ['w'], write: ['w'] }),
      selectSets(above('w'), { except: ['w'] }, {}, { timeoutMs: 3 }),
      closeAll(),

      // A reader whose writers are gone: HUP.
      pipe('r', 'w'),
      close('w'),
      selectSets(above('r'), { read: ['r'], write: ['r'], except: ['r'] }, { read: ['r'] }),
      selectSets(above('r'), { write: ['r'], except: ['r'] }, {}, { timeoutMs: 3 }),
      closeAll(),

      // A socket whose peer is gone: HUP, with all that makes it readable and writable.
      socketpair('a', 'b'),
      close('b'),
      selectSets(above('a'), { read: ['a'], write: ['a'], except: ['a'] }, { read: ['a'], write: ['a'] }),
      selectSets(above('a'), { except: ['a'] }, {}, { timeoutMs: 3 }),
    ],
  }),
  selectCheck({
    id: 'select.except-set.tcp',
    statement: 'Urgent data of TCP is in the third set, and alone does not make a socket readable.',
    source: 'select(2); gVisor; measured',
    steps: [
      tcp('client', 'server'),
      sendOob('client'),
      selectSets(above('server'), { except: ['server', 'client'] }, { except: ['server'] }, ARRIVAL),
      selectSets(
        above('server'),
        { read: ['server'], write: ['server'], except: ['server'] },
        { write: ['server'], except: ['server'] },
      ),
    ],
  }),
  selectCheck({
    id: 'select.except-set.pty',
    statement: 'What a terminal tells its master of in packet mode is in the third set, until it is read.',
    level: 'de-facto',
    source: 'select(2); ioctl_tty(2), TIOCPKT; gVisor',
    steps: [
      pty('master'),
      slave('tty', 'master'),
      packetMode('master'),
      selectSets(above('tty'), { except: ['master', 'tty'] }, {}, { timeoutMs: 3 }),
      flushInput('tty'),
      selectSets(
        above('tty'),
        { read: ['master', 'tty'], write: ['master'], except: ['master', 'tty'] },
        { read: ['master'], write: ['master'], except: ['master'] },
      ),
      read('master', 1),
      selectSets(above('tty'), { read: ['master'], except: ['master', 'tty'] }, {}, { timeoutMs: 3 }),
    ],
  }),
  selectCheck({
    id: 'select.pipe-timeout-honoured',
    statement: 'A wait for pipes ends when its time is over, and no earlier.',
    kind: 'time',
    source: 'select(2)',
    bugs: [
      'emscripten-core/emscripten#7241, #25523: the timeout was ignored where there were pipes, and select returned at once',
    ],
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      selectSets(above('w2'), { read: ['r', 'r2'] }, {}, { timeoutMs: 6 }),
      fill('w2'),
      selectSets(above('w2'), { read: ['r'], write: ['w2'], except: ['r2'] }, {}, { timeoutMs: 4 }),
      write('w', 1),
      selectSets(above('w2'), { read: ['r', 'r2'] }, { read: ['r', 'r2'] }, { timeoutMs: 5000 }),
      read('r', 1),
      selectSets(above('w2'), { read: ['r'] }, {}, { timeoutMs: 3 }),
    ],
  }),
]
