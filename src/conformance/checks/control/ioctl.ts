import { UnsupportedError } from '../../../errors.ts'
import { withoutCapability } from '../../../libc/capabilities.ts'
import { CAP, EPIOCGPARAMS, EPIOCSPARAMS } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { call, epoll, pipe } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import type { Expected } from '../../steps.ts'

const { size, offsets } = layouts.epoll_params

/** What a kernel answers that does not know these ioctls, or was built without busy polling. */
const ABSENT: readonly (number | string)[] = ['ENOTTY', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP']

/** An ioctl of epoll's own type that nobody has. */
const UNKNOWN_IOCTL = 0x8a7f

/** The largest budget that needs no privilege. */
const LARGEST_BUDGET = 64

type Parameters = Readonly<Record<'usecs' | 'budget' | 'prefer' | 'pad', number>>

const NONE: Parameters = { usecs: 0, budget: 0, prefer: 0, pad: 0 }
const SOME: Parameters = { usecs: 64, budget: 16, prefer: 1, pad: 0 }

export const ioctl: readonly Check[] = [
  epollCheck({
    id: 'epoll.ioctl.params-default',
    statement: 'The busy-poll parameters of a new epoll are all zero, and are written to valid memory only.',
    source: 'ioctl_eventpoll(2), Linux 6.9; kernel selftest epoll_busy_poll; measured',
    differs: 'Linux 6.9 or later.',
    run(machine) {
      machine.run(epoll('ep'))
      requireParameters(machine)
      expectParameters(machine, NONE)
      machine.run(
        call('ioctl', ['$ep', EPIOCGPARAMS, 'bad-pointer'], 'EFAULT'),
        call('ioctl', ['$ep', EPIOCSPARAMS, 'bad-pointer'], 'EFAULT'),
      )
      expectParameters(machine, NONE)
    },
  }),
  epollCheck({
    id: 'epoll.ioctl.params-set',
    statement:
      'Busy-poll parameters are read back as they were set; impossible ones, and a large budget without privilege, are refused and change nothing.',
    source: 'ioctl_eventpoll(2), Linux 6.9; kernel selftest epoll_busy_poll; measured',
    differs: 'Linux 6.9 or later.',
    run(machine) {
      machine.run(epoll('ep'), pipe('r', 'w'))
      requireParameters(machine)
      setParameters(machine, SOME, 0)
      expectParameters(machine, SOME)
      const refused: readonly (readonly [Partial<Parameters>, Expected])[] = [
        [{ pad: 1 }, 'EINVAL'],
        [{ prefer: 2 }, 'EINVAL'],
        [{ usecs: 0x80000000 }, 'EINVAL'],
      ]
      for (const [change, expected] of refused)
        setParameters(machine, { ...SOME, usecs: 7, ...change }, expected)
      withoutCapability(machine.libc, CAP.NET_ADMIN, () => {
        setParameters(machine, { ...SOME, budget: LARGEST_BUDGET + 1 }, 'EPERM')
        expectParameters(machine, SOME)
        setParameters(machine, { ...SOME, budget: LARGEST_BUDGET }, 0)
      })
      expectParameters(machine, { ...SOME, budget: LARGEST_BUDGET })
      setParameters(machine, { ...NONE, usecs: 0x7fffffff }, 0)
      expectParameters(machine, { ...NONE, usecs: 0x7fffffff })
      machine.run(
        call('ioctl', ['$ep', UNKNOWN_IOCTL, { bytes: size }], 'EINVAL'),
        call('ioctl', ['$r', EPIOCGPARAMS, { bytes: size }], 'ENOTTY'),
        call('ioctl', ['$r', EPIOCSPARAMS, { bytes: size }], 'ENOTTY'),
      )
    },
  }),
]

function requireParameters(machine: Machine): void {
  machine.begin('ioctl(EPIOCGPARAMS)')
  const parameters = new Memory(size)
  const result = resultOf(machine.libc, 'ioctl', machine.fd('ep'), EPIOCGPARAMS, parameters.address)
  if (ABSENT.includes(result)) {
    throw new UnsupportedError('EPIOCGPARAMS', `the kernel answers ${result}; it has come with Linux 6.9`)
  }
}

function setParameters(machine: Machine, parameters: Parameters, expected: Expected): void {
  machine.begin(`ioctl(EPIOCSPARAMS, ${textOf(parameters)})`)
  const { view, address } = new Memory(size)
  view.setUint32(offsets.busy_poll_usecs, parameters.usecs, true)
  view.setUint16(offsets.busy_poll_budget, parameters.budget, true)
  view.setUint8(offsets.prefer_busy_poll, parameters.prefer)
  view.setUint8(offsets.pad, parameters.pad)
  machine.expect(resultOf(machine.libc, 'ioctl', machine.fd('ep'), EPIOCSPARAMS, address), expected, 'ioctl')
}

function expectParameters(machine: Machine, expected: Parameters): void {
  machine.begin('ioctl(EPIOCGPARAMS)')
  const { view, address, bytes } = new Memory(size)
  bytes.fill(0xa5)
  machine.expect(resultOf(machine.libc, 'ioctl', machine.fd('ep'), EPIOCGPARAMS, address), 0, 'ioctl')
  const actual = {
    usecs: view.getUint32(offsets.busy_poll_usecs, true),
    budget: view.getUint16(offsets.busy_poll_budget, true),
    prefer: view.getUint8(offsets.prefer_busy_poll),
    pad: view.getUint8(offsets.pad),
  }
  machine.expect(textOf(actual), textOf(expected), 'parameters')
}

function textOf({ usecs, budget, prefer, pad }: Parameters): string {
  return `usecs ${usecs}, budget ${budget}, prefer ${prefer}, pad ${pad}`
}
