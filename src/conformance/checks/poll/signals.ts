import { POLL, SIG } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { fill, pipe } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { formatMask } from '../../masks.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { Handler } from '../../waits/handler.ts'
import { raceSignalsWithWaits } from '../../waits/mask-race.ts'
import { Wait, watchPipe } from '../../waits/wait.ts'
import type { BlockingCall } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

const { size, offsets } = layouts.pollfd

/** What stands in revents before the call, and must not after it. */
const STALE = 0x7fff

/** poll and ppoll that a signal ends. */
export const pollSignals: readonly Check[] = [
  ...waitChecks({
    id: 'poll.eintr-preserves-fds',
    statement:
      'After EINTR every fd and events is what it was, and every revents is 0, also where fd is negative.',
    level: 'de-facto',
    source: 'poll(2); Asterinas; measured',
    why: 'A loop calls poll again with the same array. Some look at revents without looking at the result.',
    variants: ['plain', 'pwait'],
    backends: ['poll'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      machine.run(pipe('r2', 'full'), fill('full'))
      const handler = new Handler(machine, SIG.URG)
      const entries = [
        { fd: machine.fd('r'), events: POLL.IN | POLL.PRI },
        { fd: -1, events: POLL.IN | POLL.OUT },
        { fd: machine.fd('full'), events: POLL.OUT },
        { fd: -(2 ** 31), events: 0 },
        { fd: machine.fd('r'), events: 0 },
      ]
      withThreads(machine, 1, (thread) => {
        thread.setMask()
        thread.startBlocked(pollOf(machine, fn, entries))
        thread.signal(SIG.URG)
        const untouched = entries.map(({ fd, events }) => `${fd} ${formatMask(events)} 0`).join(', ')
        thread.expect(`EINTR, entries ${untouched}`, PROMPT_MS)
        handler.expectRun(true, 'when poll has failed')
      })
    },
  }),
  ...waitChecks({
    id: 'ppoll.mask-race',
    statement: 'A signal that only the mask of ppoll lets through ends a ppoll, whenever it comes.',
    kind: 'race',
    source: 'ppoll(2); LTP ppoll01; gVisor',
    variants: ['pwait'],
    backends: ['poll'],
    threads: 1,
    run: raceSignalsWithWaits,
  }),
]

/** A poll of these entries, whose outcome tells what stands in the array afterwards. */
function pollOf(
  machine: Machine,
  fn: WaitFunction,
  entries: readonly { readonly fd: number; readonly events: number }[],
): BlockingCall {
  const array = new Memory(entries.length * size, { shared: true })
  machine.keep(array)
  const { args } = new Wait(machine, fn, { ms: WOKEN.timeoutMs }).invocation
  return {
    invocation: { fn: fn.name, args: [array.address, entries.length, ...args.slice(2)] },
    text: `${fn.name} of ${entries.length} entries`,
    reset() {
      for (const [i, { fd, events }] of entries.entries()) {
        array.view.setInt32(i * size + offsets.fd, fd, true)
        array.view.setInt16(i * size + offsets.events, events, true)
        array.view.setInt16(i * size + offsets.revents, STALE, true)
      }
    },
    outcome(result, errno) {
      const after = entries.map((_, i) => {
        const events = array.view.getUint16(i * size + offsets.events, true)
        const revents = array.view.getUint16(i * size + offsets.revents, true)
        return `${array.view.getInt32(i * size, true)} ${formatMask(events)} ${formatMask(revents)}`
      })
      return `${result === -1 ? errnoName(errno) : result}, entries ${after.join(', ')}`
    },
  }
}
