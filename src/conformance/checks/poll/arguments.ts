import { layouts } from '../../../libc/layouts.ts'
import { entry, pollEntries } from '../../steps/arrays.ts'
import { call, pipe, read, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { pollCheck } from '../../define.ts'
import { softDescriptorLimit, withDescriptorLimit } from '../../operations/descriptor-limit.ts'
import { pollfdFor } from '../../operations/events.ts'
import { endOfPage, mapReadOnlyPage, mapUnwritablePage } from '../../operations/pages.ts'

/** Low enough for every machine. */
const LIMIT = 32

/** What poll refuses. */
export const pollArguments: readonly Check[] = [
  pollCheck({
    id: 'poll.nfds-limit',
    statement:
      'As many entries are taken as the limit of descriptors says, also when there is one descriptor among them; with one more it is EINVAL, even if all are negative.',
    source: 'poll(2), ERRORS; gVisor Nfds; LTP',
    run(machine) {
      machine.run(pipe('r', 'w'), write('w', 1))
      const limit = Math.min(LIMIT, softDescriptorLimit(machine))
      const none = Array.from({ length: limit - 1 }, () => entry(-1, 'IN'))
      withDescriptorLimit(machine, limit, () =>
        machine.run(
          pollEntries([...none, entry('r', 'IN', 'IN')]),
          pollEntries([...none, entry(-1, 'IN'), entry(-1, 'IN')], { expect: 'EINVAL' }),
          pollEntries([entry('r', 'IN'), entry('w', 'OUT'), ...none], { expect: 'EINVAL' }),
        ),
      )
      // As unsigned numbers these are -1, of an int and of a long.
      for (const nfds of [0xffffffff, -1]) machine.run(call('poll', [{ bytes: 64 }, nfds, 0], 'EINVAL'))
      machine.run(pollEntries([...none, entry(-1, 'IN'), entry('r', 'IN', 'IN')]))
    },
  }),
  pollCheck({
    id: 'poll.efault',
    statement:
      'An array that cannot be read, or whose revents cannot be written, is EFAULT, and takes nothing from anybody.',
    source: 'poll(2), ERRORS; LTP; StarryOS; measured',
    run(machine) {
      machine.run(pipe('r', 'w'), write('w', 1))
      machine.run(call('poll', ['bad-pointer', 1, 0], 'EFAULT'))
      machine.run(call('poll', [mapUnwritablePage(machine, 'NONE'), 1, 0], 'EFAULT'))
      // The second entry lies where nothing can be read.
      machine.run(call('poll', [endOfPage(machine, layouts.pollfd.size), 2, 0], 'EFAULT'))
      const readOnly = mapReadOnlyPage(machine, pollfdFor(machine, 'r').bytes)
      machine.run(call('poll', [readOnly, 1, 0], 'EFAULT'))
      machine.run(pollEntries([entry('r', 'IN', 'IN')]), read('r', 1))
      // Without entries there is nothing to read.
      machine.run(call('poll', ['bad-pointer', 0, 0], 0))
    },
  }),
]
