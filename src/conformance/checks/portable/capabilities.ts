import { backends } from '../../../backends/index.ts'
import { sys } from '../../../libc/libc.ts'
import { F, FD_SETSIZE } from '../../../libc/constants/linux.ts'
import { openPoller, pipe, pollerAdd, pollerWait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'

/** A descriptor number above what an fd_set has room for, and well inside any usual limit. */
const LARGE_FD = FD_SETSIZE + 176

export const capabilityCheck: readonly Check[] = [
  portableCheck({
    id: 'poller.edge',
    statement:
      'A backend with edge trigger reports data once, and again when more arrives; any other refuses it.',
    source: 'epoll(7); kernel selftest epoll_wakeup 2',
    bugs: [
      'F-Stack/f-stack#115: edge-triggered was level-triggered',
      'mtcp-stack/mtcp#297: level-triggered events were forgotten',
    ],
    differs: 'Only epoll and kqueue (EV_CLEAR) have edges. poll and select do not, and say so.',
    steps: (backend) => {
      const has = backends[backend].capabilities.triggers.includes('edge')
      const add = pollerAdd('p', 'r', 'READ', '1', { trigger: 'edge', expect: has ? 'ok' : 'unsupported' })
      if (!has) return [pipe('r', 'w'), openPoller('p'), add]
      const reported = pollerWait('p', [{ token: '1', is: 'READABLE' }])
      const silent = pollerWait('p', [])
      return [
        pipe('r', 'w'),
        openPoller('p'),
        add,
        write('w', 1),
        reported,
        silent,
        write('w', 1),
        reported,
        silent,
      ]
    },
  }),
  portableCheck({
    id: 'poller.large-fd',
    statement: `Descriptor ${LARGE_FD} works, or is refused before any call where the backend cannot hold it.`,
    source: 'select(2), BUGS; lim.fd-setsize; libevent and gunicorn (memory corruption)',
    bugs: [
      'libevent, gunicorn, and others: a descriptor from FD_SETSIZE on corrupts the memory behind an fd_set',
    ],
    differs: 'select holds descriptors below FD_SETSIZE, 1024 in glibc and musl. poll and epoll hold any.',
    descriptors: LARGE_FD + 8,
    run(machine) {
      const { largestFd } = backends[machine.backend].capabilities
      const fits = largestFd === undefined || largestFd >= LARGE_FD
      machine.run(pipe('r', 'w'))
      machine.begin(`duplicate the reader to a number of at least ${LARGE_FD}`)
      machine.bind('large', sys(machine.libc, 'fcntl', machine.fd('r'), F.DUPFD_CLOEXEC, LARGE_FD))
      machine.run(
        openPoller('p'),
        pollerAdd('p', 'large', 'READ', '1', { expect: fits ? 'ok' : 'unsupported' }),
        write('w', 1),
        pollerWait('p', fits ? [{ token: '1', is: 'READABLE' }] : []),
      )
    },
  }),
]
