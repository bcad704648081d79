import { UnsupportedError } from '../../../errors.ts'
import { F } from '../../../libc/constants/linux.ts'
import { openDescriptors } from '../../../libc/open-descriptors.ts'
import type { Name } from '../../steps.ts'
import { above, selectSets } from '../../steps/arrays.ts'
import { call, eventfd, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { selectCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { softDescriptorLimit, withDescriptorLimit } from '../../operations/descriptor-limit.ts'

/** More than an fd_set has bits, and as many as a larger one is given. */
const LARGE_FD = 3000
const ROOM = 4096

/** How far select goes. */
export const selectLimits: readonly Check[] = [
  selectCheck({
    id: 'select.nfds-invalid',
    statement: 'A negative nfds is EINVAL; one above FD_SETSIZE is none, if the sets are as large.',
    source: 'select(2), ERRORS and BUGS; gVisor; LTP',
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      ...[-1, -2, -(2 ** 31)].map((nfds) =>
        selectSets(nfds, { read: ['r'] }, { read: ['r'] }, { expect: 'EINVAL' }),
      ),
      selectSets(ROOM, { read: ['r'], write: ['r'], except: ['w'] }, { read: ['r'] }, { room: ROOM }),
      selectSets(2000, { write: ['r'], except: ['w'] }, {}, { room: ROOM, timeoutMs: 5 }),
    ],
  }),
  selectCheck({
    id: 'select.fd-ge-1024-raw',
    statement: 'With sets that are large enough, a descriptor beyond FD_SETSIZE is watched like any other.',
    level: 'de-facto',
    source: 'select(2), BUGS; measured',
    differs:
      'The limit of 1024 is the libc’s type: fd_set and its macros overflow beyond it, and the kernel has none.',
    run(machine) {
      withDescriptorLimit(machine, Math.max(softDescriptorLimit(machine), LARGE_FD + 64), () =>
        watchLargeFd(machine),
      )
    },
  }),
  selectCheck({
    id: 'select.return-counts-bits.words',
    statement:
      'Descriptors on either side of the words that sets are made of are each reported, and counted, by themselves.',
    source: 'select(2); measured',
    why: 'An implementation that looks at the first word, or handles a word at a time, works until a program has 64 descriptors.',
    run(machine) {
      machine.run(pipe('r', 'w'))
      const numbers = placeAtWords(machine, 'r')
      const last = numbers.at(-1)
      if (last === undefined)
        throw new UnsupportedError('descriptors above 63', 'the limit of descriptors is too low')
      const asked = { read: ['r', ...numbers], write: ['w', ...numbers], except: numbers }
      machine.run(
        selectSets(above(last), asked, { write: ['w'] }),
        write('w', 1),
        selectSets(above(last), asked, { read: ['r', ...numbers], write: ['w'] }),
        ...numbers.flatMap((fd) => [
          selectSets(above(fd), { read: [fd] }, { read: [fd] }),
          selectSets(above(last), { read: [fd], write: [fd] }, { read: [fd] }),
        ]),
      )
    },
  }),
  selectCheck({
    id: 'select.return-counts-bits.words-in-each-set',
    statement:
      'Descriptors on either side of the words that sets are made of are reported in the set for reading, in that for writing, and in both.',
    source: 'select(2); measured',
    run(machine) {
      machine.run(eventfd('e', 1))
      const numbers = placeAtWords(machine, 'e')
      const last = numbers.at(-1)
      if (last === undefined)
        throw new UnsupportedError('descriptors above 63', 'the limit of descriptors is too low')
      machine.run(
        selectSets(above(last), { write: numbers }, { write: numbers }),
        selectSets(
          above(last),
          { read: numbers, write: numbers, except: numbers },
          { read: numbers, write: numbers },
        ),
        selectSets(above(last), { except: numbers }, {}),
        ...numbers.map((fd) =>
          selectSets(above(last), { read: ['e'], write: [fd] }, { read: ['e'], write: [fd] }),
        ),
      )
    },
  }),
  selectCheck({
    id: 'select.rlimit-zero',
    statement:
      'Descriptors that are open are watched as before when the limit of descriptors has fallen to 0.',
    level: 'de-facto',
    source: 'gVisor',
    why: 'Sandboxes take the limit to 0 so that nothing more is opened.',
    run(machine) {
      machine.run(pipe('r', 'w'))
      withDescriptorLimit(machine, 0, () =>
        machine.run(
          selectSets(above('w'), { read: ['r'], write: ['w'] }, { write: ['w'] }),
          selectSets(above('w'), { read: ['r'] }, {}, { timeoutMs: 5 }),
          write('w', 1),
          selectSets(above('w'), { read: ['r'], write: ['w'] }, { read: ['r'], write: ['w'] }),
        ),
      )
    },
  }),
]

function watchLargeFd(machine: Machine): void {
  const asked = { read: ['r', 'large'], write: ['large', 'w'], except: ['large'] }
  machine.run(
    pipe('r', 'w'),
    call('fcntl', ['$r', F.DUPFD_CLOEXEC, LARGE_FD], 'ok', 'large'),
    selectSets(above('large'), asked, { write: ['w'] }, { room: ROOM }),
    selectSets(above('large'), { read: ['large'] }, {}, { room: ROOM, timeoutMs: 5 }),
    write('w', 1),
    selectSets(above('large'), asked, { read: ['r', 'large'], write: ['w'] }, { room: ROOM }),
    selectSets(above('w'), { read: ['large'] }, { read: ['large'] }, { expect: 0, room: ROOM }),
  )
}

/** Numbers at the ends of words of 32 and 64 bits, and the last one of an fd_set. */
const AT_WORDS = [31, 32, 63, 64, 65, 127, 128, 511, 512, 1022, 1023]

/** Duplicates a descriptor to these numbers, as far as they are free and the limit lets it, and returns their names. */
function placeAtWords(machine: Machine, fd: Name): Name[] {
  const soft = softDescriptorLimit(machine)
  const taken = openDescriptors(machine.libc)
  const free = AT_WORDS.filter((number) => number < soft && !taken.has(number))
  for (const number of free)
    machine.run(call('fcntl', [`$${fd}`, F.DUPFD_CLOEXEC, number], number, `at ${number}`))
  return free.filter((number) => number > 62).length === 0 ? [] : free.map((number) => `at ${number}`)
}
