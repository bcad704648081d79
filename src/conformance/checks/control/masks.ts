import { CAP, EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { withoutCapability } from '../../../libc/capabilities.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, epoll, eventfd, mod, pipe, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { formatMask } from '../../masks.ts'
import { resultOf } from '../../native-call.ts'
import { ctl } from './arguments.ts'
import { readWatches } from './fdinfo.ts'
import { RawEvents } from './raw-events.ts'

/** The bits that may be combined at will. */
const COMBINABLE = ['IN', 'OUT', 'PRI', 'ERR', 'HUP', 'ET', 'ONESHOT', 'RDHUP'] as const

/** Every sum of them: 256 masks. */
const COMBINATIONS = Array.from({ length: 2 ** COMBINABLE.length }, (_, index) =>
  COMBINABLE.filter((_bit, i) => (index & (1 << i)) !== 0).reduce((mask, bit) => mask + EPOLL[bit], 0),
)

/** A bit that has no meaning. */
const UNKNOWN = '0x400000'

export const masks: readonly Check[] = [
  epollCheck({
    id: 'epoll.ctl.mask-combinations',
    statement:
      'MOD takes each of the 256 combinations of IN, OUT, PRI, ERR, HUP, ET, ONESHOT and RDHUP, and just what is ready of it is reported.',
    source: 'LTP epoll_ctl03; measured',
    bugs: [
      'apache/nuttx#5937: masks had 8 bits',
      'DragonOS#1528, #1545: ONESHOT and ET were read from the wrong mask',
      'microsoft/mystikos#308: IN and OUT that were not there',
    ],
    steps: () => [
      eventfd('e', 1),
      epoll('ep'),
      add('ep', 'e', '0'),
      ...COMBINATIONS.flatMap((mask) => {
        const ready = mask & (EPOLL.IN | EPOLL.OUT)
        return [mod('ep', 'e', formatMask(mask)), wait('ep', ready === 0 ? {} : { e: formatMask(ready) })]
      }),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.unknown-bits',
    statement: 'A bit without a meaning is accepted in a mask, and is never reported.',
    level: 'de-facto',
    source: 'cloudius-systems/osv#971; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', `IN|${UNKNOWN}`),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      mod('ep', 'r', UNKNOWN),
      wait('ep', {}),
      mod('ep', 'r', `IN|ET|${UNKNOWN}`),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.wakeup-no-cap',
    statement:
      'Without the capability BLOCK_SUSPEND, WAKEUP is dropped silently; on DEL it is not even looked at.',
    level: 'de-facto',
    source: 'epoll_ctl(2); libuv#245; measured',
    bugs: [
      'libuv/libuv#245: an uninitialised WAKEUP bit in the event of a DEL was audited (Linux 3.10 to 3.19)',
    ],
    differs: 'A kernel without CONFIG_PM_SLEEP drops WAKEUP always. gVisor accepts it without effect.',
    run(machine) {
      const { libc } = machine
      const garbage = new RawEvents(1)
      garbage.bytes.fill(0xff)
      machine.run(pipe('r', 'w'), write('w', 1), epoll('ep'))
      withoutCapability(libc, CAP.BLOCK_SUSPEND, () => {
        machine.run(
          add('ep', 'r', 'IN|WAKEUP'),
          wait('ep', { r: 'IN' }),
          mod('ep', 'r', 'IN|ET|WAKEUP'),
          wait('ep', { r: 'IN' }),
          wait('ep', {}),
        )
        machine.begin('read the mask of the entry from /proc/self/fdinfo')
        const [watch] = readWatches(machine.libc, machine.fd('ep')) ?? []
        if (watch === undefined) machine.note = 'whether it is dropped was not seen: no entries in fdinfo'
        else machine.expect(formatMask(watch.mask & EPOLL.WAKEUP), '0', 'WAKEUP in the mask of the entry')
        machine.run(ctl('$ep', EPOLL_CTL.DEL, '$r', NULL, 0), add('ep', 'r', 'IN'))
        machine.begin('epoll_ctl(DEL) with an event of ones')
        const { DEL } = EPOLL_CTL
        const result = resultOf(libc, 'epoll_ctl', machine.fd('ep'), DEL, machine.fd('r'), garbage.address)
        machine.expect(result, 0, 'epoll_ctl')
        machine.run(wait('ep', {}))
      })
    },
  }),
]
