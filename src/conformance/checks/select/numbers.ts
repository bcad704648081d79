import { FD_SETSIZE } from '../../../libc/constants/linux.ts'
import { above, selectSets, upTo } from '../../steps/arrays.ts'
import { call, close, dup, eventfd, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { selectCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import type { Name } from '../../steps.ts'
import { tableSize } from './table-size.ts'

/** Which numbers select looks at. */
export const selectNumbers: readonly Check[] = [
  selectCheck({
    id: 'select.nfds-exclusive',
    statement: 'The descriptor whose number is nfds is not looked at, and its bit comes back cleared.',
    source: 'select(2); gVisor',
    run(machine) {
      machine.run(pipe('r', 'w'), write('w', 1))
      const last = duplicateInsideByte(machine, 'r')
      machine.run(
        selectSets(above(last), { read: [last] }, { read: [last] }),
        selectSets(upTo(last), { read: [last] }, {}, { timeoutMs: 3 }),
        selectSets(upTo(last), { read: ['r', last], except: [last] }, { read: ['r'] }),
        selectSets(upTo('r'), { write: ['w'] }, {}, { anythingBeyond: true }),
      )
    },
  }),
  selectCheck({
    id: 'select.bits-above-nfds-ignored',
    statement:
      'Bits from nfds on are never looked at, whether their descriptors are closed, ready or were never there.',
    source: 'select(2); gVisor',
    why: 'A set on the stack holds whatever was there before, beyond what FD_ZERO or a copy has reached.',
    run(machine) {
      machine.run(pipe('r', 'w'), write('w', 1))
      const last = duplicateInsideByte(machine, 'r')
      const gone = machine.fd(last) + 1
      const garbage = [gone, gone + 1, gone + 64, 1000, 1023]
      machine.run(
        selectSets(
          above(last),
          { read: [last, ...garbage], write: garbage, except: garbage },
          { read: [last] },
          { anythingBeyond: true },
        ),
        selectSets(
          upTo(last),
          { read: [last, ...garbage], write: [last, ...garbage], except: garbage },
          {},
          { timeoutMs: 3, anythingBeyond: true },
        ),
      )
    },
  }),
  selectCheck({
    id: 'select.ebadf',
    statement:
      'A closed descriptor in any of the sets is EBADF, whatever else is ready, and the sets stay as they were.',
    source: 'select(2), ERRORS; LTP select03',
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      eventfd('gone', 1),
      eventfd('e', 1),
      close('gone'),
      ...(['read', 'write', 'except'] as const).map((set) => {
        const sets = { read: ['r', 'e'], write: ['w', 'e'], except: ['r'] }
        const asked = { ...sets, [set]: [...sets[set], 'gone'] }
        return selectSets(above('e'), asked, asked, { expect: 'EBADF' })
      }),
      selectSets(above('e'), { read: ['gone'] }, { read: ['gone'] }, { expect: 'EBADF' }),
      selectSets(above('e'), { except: ['gone'] }, { except: ['gone'] }, { expect: 'EBADF', timeoutMs: 300 }),
      selectSets(upTo('gone'), { read: ['gone'] }, {}, { anythingBeyond: true }),
      // The number is not remembered: it is good as soon as a descriptor has it.
      call('dup2', ['$e', '$gone'], 'ok', 'again'),
      selectSets(above('e'), { read: ['gone', 'r'] }, { read: ['gone', 'r'] }),
    ],
  }),
  selectCheck({
    id: 'select.fd-above-table',
    statement:
      'A number beyond the table of descriptors that the kernel has for the process is passed over in silence, and its bit stays.',
    level: 'quirk',
    source: 'gVisor; measured',
    differs: 'Elsewhere such a number is EBADF like any other that no descriptor has.',
    run(machine) {
      machine.run(pipe('r', 'w'))
      // Always beyond the sets of C, too, however small the table still is.
      const beyond = Math.max(tableSize(), FD_SETSIZE) + 100
      const room = beyond + 1
      const sets = { read: ['r', beyond], write: [beyond], except: [beyond] }
      machine.run(
        selectSets(
          beyond + 1,
          sets,
          { read: [beyond], write: [beyond], except: [beyond] },
          { expect: 0, timeoutMs: 5, room },
        ),
        write('w', 1),
        selectSets(beyond + 1, sets, { ...sets, read: ['r', beyond] }, { expect: 1, room }),
      )
    },
  }),
]

/**
 * Duplicates a descriptor until the number does not begin a byte of a set: sets are written back in whole bytes,
 * or in whole words, and what begins one may not be touched. Returns the name.
 */
function duplicateInsideByte(machine: Machine, fd: Name): Name {
  for (let i = 0; ; i++) {
    const as = `${fd} again ${i}`
    machine.run(dup(fd, as))
    if (machine.fd(as) % 8 !== 0) return as
  }
}
