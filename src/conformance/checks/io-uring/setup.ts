/** What io_uring_setup makes and refuses, and how a submission ends. */
import { release as kernelRelease } from 'node:os'
import { IORING_SETUP } from '../../../libc/constants/io-uring.ts'
import { RLIMIT_MEMLOCK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { resourceLimit, setResourceLimit } from '../../../libc/limits.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { SystemError } from '../../../errors.ts'
import { closeAll, pipe, poll, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { unlessAbsent } from '../../operations/available.ts'
import { compareReleases } from '../../operations/environment.ts'
import { ringUse } from '../../operations/rings.ts'
import { closeRing } from '../../rings/kept.ts'
import { requireSince } from '../../rings/needs.ts'
import { callNumber, RawRing } from '../../rings/raw-ring.ts'
import { nothingToDo, pollAdd } from '../../rings/requests.ts'
import { completions, enableRing, setupRing, submit } from '../../steps/rings.ts'

export const setups: readonly Check[] = [
  ringCheck({
    id: 'iou.submit.stops-at-invalid',
    statement:
      'A request that is refused ends the submission, which says how many were taken; with IORING_SETUP_SUBMIT_ALL it does not.',
    source: 'io_uring_enter(2); io_uring_setup(2), IORING_SETUP_SUBMIT_ALL',
    run(machine) {
      const requests = [nothingToDo('a'), nothingToDo('bad', { fields: { opcode: 250 } }), nothingToDo('b')]
      machine.run(setupRing('ring'), setupRing('all', { flags: ['SUBMIT_ALL'] }))
      const use = ringUse(machine, 'ring')
      use.push(requests)
      machine.begin('submit a request, one that is refused, and another')
      machine.expect(use.submit(), 2, 'io_uring_enter says that it took')
      machine.run(completions('ring', { a: '0', bad: 'EINVAL' }))
      machine.begin('submit what is left')
      machine.expect(use.submit(), 1, 'io_uring_enter says that it took')
      machine.run(completions('ring', { b: '0' }))
      machine.run(submit('all', ...requests), completions('all', { a: '0', bad: 'EINVAL', b: '0' }))
    },
  }),
  ringCheck({
    id: 'iou.disabled-ring',
    statement:
      'A ring that was made disabled takes no requests (EBADFD) until it is enabled; waiting for it does not hang.',
    level: 'de-facto',
    // Its ring is closed, and its end is waited for.
    takesMs: 30,
    source: 'io_uring_setup(2), IORING_SETUP_R_DISABLED; liburing ring-leak',
    run(machine) {
      machine.run(pipe('r', 'w'), setupRing('ring', { flags: ['R_DISABLED'] }), setupRing('other'))
      const use = ringUse(machine, 'ring')
      machine.begin('submit to a ring that is disabled')
      use.push([pollAdd('p', 'r', 'IN')])
      machine.expect(use.submit(), 'EBADFD', 'io_uring_enter gives')
      machine.run(
        poll({ ring: 'IN' }, {}, 1),
        submit('other', pollAdd('ring', 'ring', 'IN')),
        completions('other', {}),
        enableRing('ring'),
        enableRing('ring', 'EBADFD'),
      )
      machine.begin('submit to it again')
      machine.expect(use.submit(), 1, 'io_uring_enter says that it took')
      machine.run(write('w', 1), completions('ring', { p: 'IN' }), poll({ ring: 'IN' }, {}))
      machine.run(completions('other', { ring: 'IN' }))
    },
  }),
  ringCheck({
    id: 'iou.unavailable',
    statement:
      'io_uring_setup makes a ring, or says with ENOSYS, EPERM or ENOMEM that there is none to be had.',
    source: 'io_uring_setup(2); nodejs/node#51875; google/gvisor',
    why: 'Programs fall back to epoll for these errors, and end for others.',
    bugs: ['nodejs/node#51875: rings were used where their number was wrong, and had to be turned off'],
    run(machine) {
      machine.begin('io_uring_setup')
      unlessAbsent('io_uring', () => makeAndClose(machine), 'ENOMEM')
    },
  }),
  ringCheck({
    id: 'iou.setup.refusals',
    statement:
      'No entries, too many of them, and unknown flags give EINVAL; parameters at a bad address give EFAULT.',
    source: 'io_uring_setup(2), ERRORS; liburing io_uring_setup',
    run(machine) {
      const setup = (entries: number, flags: number): number | string => {
        const params = new Memory(layouts.io_uring_params.size)
        params.view.setUint32(layouts.io_uring_params.offsets.flags, flags, true)
        return resultOf(
          machine.libc,
          'syscall',
          callNumber('io_uring_setup'),
          entries,
          params.address,
          0,
          0,
          0,
          0,
        )
      }
      machine.expect(setup(0, 0), 'EINVAL', 'without entries it gives')
      machine.expect(setup(0x10000, 0), 'EINVAL', 'with 65536 entries it gives')
      machine.expect(setup(0, IORING_SETUP.CLAMP), 'EINVAL', 'without entries, to be clamped, it gives')
      machine.expect(setup(4, 0x40000000), 'EINVAL', 'with an unknown flag it gives')
      machine.expect(setup(4, IORING_SETUP.CQSIZE), 'EINVAL', 'with no room for completions it gives')
      const bad = resultOf(machine.libc, 'syscall', callNumber('io_uring_setup'), 4, 16, 0, 0, 0, 0)
      machine.expect(bad, 'EFAULT', 'with parameters at a bad address it gives')
      const none = resultOf(machine.libc, 'syscall', callNumber('io_uring_setup'), 4, NULL, 0, 0, 0, 0)
      machine.expect(none, 'EFAULT', 'without parameters it gives')
    },
  }),
  ringCheck({
    id: 'iou.enter.refusals',
    statement:
      'io_uring_enter of what is no ring gives EOPNOTSUPP, of what is closed EBADF, and with unknown flags EINVAL.',
    source: 'io_uring_enter(2), ERRORS; liburing io_uring_enter',
    run(machine) {
      machine.run(pipe('r', 'w'), setupRing('ring'))
      const enter = (fd: number, flags: number): number | string =>
        resultOf(machine.libc, 'syscall', callNumber('io_uring_enter'), fd, 0, 0, flags, NULL, 0)
      machine.begin('io_uring_enter')
      machine.expect(enter(machine.fd('r'), 0), 'EOPNOTSUPP', 'of a pipe it gives')
      machine.expect(enter(-1, 0), 'EBADF', 'of -1 it gives')
      machine.expect(enter(machine.fd('ring'), 0x40000000), 'EINVAL', 'with an unknown flag it gives')
      machine.expect(enter(machine.fd('ring'), 0), 0, 'of a ring it gives')
    },
  }),
  ringCheck({
    id: 'iou.setup.entries',
    statement:
      'Entries are rounded up to a power of two, with room for twice as many completions, or for as many as are asked for.',
    source: 'io_uring_setup(2)',
    run(machine) {
      const expectSizes = (
        entries: number,
        completions: number | undefined,
        sq: number,
        cq: number,
      ): void => {
        const asked = `${entries} entries${completions === undefined ? '' : ` and ${completions} completions`}`
        machine.begin(`io_uring_setup with ${asked}`)
        machine.run(setupRing('ring', { entries, ...(completions === undefined ? {} : { completions }) }))
        const { ring } = ringUse(machine, 'ring')
        machine.expect(ring.param('sq_entries'), sq, `${asked} give requests`)
        machine.expect(ring.param('cq_entries'), cq, `${asked} give completions`)
        machine.run(closeAll())
      }
      expectSizes(1, undefined, 1, 2)
      expectSizes(3, undefined, 4, 8)
      expectSizes(16, undefined, 16, 32)
      expectSizes(5, 100, 8, 128)
    },
  }),
  ringCheck({
    id: 'lim.uring-memlock',
    statement: 'A ring is not counted as locked memory: it can be made where next to none may be locked.',
    level: 'de-facto',
    source: 'liburing README; io_uring_setup(2), ENOMEM',
    differs:
      'Linux counts it before 5.12, and again since its rings became regions in 6.14: then one who lacks CAP_IPC_LOCK gets ENOMEM.',
    run(machine) {
      requireSince('5.12', 'rings that are not counted as locked memory')
      withLockedMemory(machine, 0, () => {
        machine.begin('io_uring_setup')
        // Where they may be counted, ENOMEM means what it does everywhere: there are no rings to be had.
        const mayBeCounted = compareReleases(kernelRelease(), '6.14') >= 0
        makeAndClose(machine, ...(mayBeCounted ? [] : ['ENOMEM']))
      })
    },
  }),
]

/** Makes a ring. What it gives else is its failure, but for what means that there are none. */
function makeAndClose(machine: Machine, ...failures: readonly string[]): void {
  try {
    closeRing(machine.libc, new RawRing(machine.libc, { entries: 64, flags: [] }))
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    if (UNAVAILABLE.includes(error.code) && !failures.includes(error.code)) throw error
    throw new Failure('io_uring_setup makes a ring', `io_uring_setup gives ${error.code}`)
  }
}

/** What means that there are no rings, or none that may be had. */
const UNAVAILABLE = ['ENOSYS', 'EPERM', 'EACCES', 'ENOMEM']

/** Does something while so much memory may be locked, which is put back whatever happens. */
function withLockedMemory(machine: Machine, soft: number, action: () => void): void {
  const { libc } = machine
  machine.begin(`setrlimit(RLIMIT_MEMLOCK, ${soft})`)
  const before = resourceLimit(libc, RLIMIT_MEMLOCK)
  setResourceLimit(libc, RLIMIT_MEMLOCK, { soft, hard: before.hard })
  try {
    action()
  } finally {
    setResourceLimit(libc, RLIMIT_MEMLOCK, before)
  }
}
