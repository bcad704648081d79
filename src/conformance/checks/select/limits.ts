import { F } from '../../../libc/constants/linux.ts'
import { descriptorLimit } from '../../../libc/limits.ts'
import { above, selectSets } from '../../steps/arrays.ts'
import { call, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { selectCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { withDescriptorLimit } from '../../operations/descriptor-limit.ts'

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
      const { soft } = descriptorLimit(machine.libc)
      withDescriptorLimit(machine, Math.max(soft, LARGE_FD + 64), () => watchLargeFd(machine))
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
