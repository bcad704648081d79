import { SIG } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { signalSet } from '../../../libc/signals.ts'
import { fill, pipe } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { Handler } from '../../waits/handler.ts'
import { byNumber, SIGSET_BYTES } from '../../waits/raw.ts'
import { expectSizeChecked } from '../../waits/sigset-size.ts'
import { Wait, watchPipe } from '../../waits/wait.ts'
import type { BlockingCall } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

const SET_SIZE = layouts.fd_set.size

/** select and pselect that a signal ends. */
export const selectSignals: readonly Check[] = [
  ...waitChecks({
    id: 'select.eintr-sets',
    statement: 'After EINTR all three sets are what they were.',
    level: 'de-facto',
    source: 'select(2); Asterinas; measured',
    why: 'A loop that calls select again with what it finds in its sets would watch nothing any more.',
    variants: ['plain', 'pwait'],
    backends: ['select'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      machine.run(pipe('r2', 'w2'), pipe('r3', 'full'), fill('full'))
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        thread.setMask()
        thread.startBlocked(selectOf(machine, fn, [['r', 'r2'], ['full'], ['r', 'r3', 'full']]))
        thread.signal(SIG.URG)
        thread.expect('EINTR, sets r r2, full, r r3 full', PROMPT_MS)
        handler.expectRun(true, 'when select has failed')
      })
    },
  }),
  ...waitChecks({
    id: 'pselect.mask-and-size',
    statement:
      'The system call pselect6 takes its mask and the size of it, which must be 8, behind a pointer; and a pending signal that the mask lets through ends it with EINTR.',
    kind: 'det',
    source: 'pselect(2), "C library/kernel differences"; LTP; StarryOS',
    variants: ['pwait'],
    backends: ['select'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      const masked = { mask: signalSet().address, size: SIGSET_BYTES }
      withThreads(machine, 1, (thread) => {
        thread.setMask(SIG.URG)
        thread.signal(SIG.URG)
        const wait = new Wait(machine, fn, { ms: PROMPT_MS })
        thread.expectOf(byNumber(machine, wait, masked), 'EINTR', PROMPT_MS)
        handler.expectRun(true, 'when pselect6 has failed')
        machine.expect(thread.mask().join(), String(SIG.URG), 'the mask of the thread afterwards')
      })
      expectSizeChecked(machine, fn)
    },
  }),
]

/** A select of these sets for reading, writing and exceptions, whose outcome tells what stands in them afterwards. */
function selectOf(machine: Machine, fn: WaitFunction, sets: readonly (readonly string[])[]): BlockingCall {
  const memory = new Memory(sets.length * SET_SIZE, { shared: true })
  machine.keep(memory)
  const numbers = new Map(sets.flat().map((name) => [machine.fd(name), name]))
  const { args } = new Wait(machine, fn, { ms: WOKEN.timeoutMs }).invocation
  const nfds = Math.max(...numbers.keys()) + 1
  const addresses = sets.map((_, i) => memory.at(i * SET_SIZE))
  return {
    invocation: { fn: fn.name, args: [nfds, ...addresses, ...args.slice(4)] },
    text: `${fn.name} of three sets`,
    reset() {
      memory.bytes.fill(0)
      for (const [i, names] of sets.entries()) {
        for (const fd of names.map((name) => machine.fd(name))) {
          const at = i * SET_SIZE + (fd >> 3)
          memory.view.setUint8(at, memory.view.getUint8(at) | (1 << (fd & 7)))
        }
      }
    },
    outcome(result, errno) {
      const after = sets.map((_, i) =>
        Array.from({ length: SET_SIZE * 8 }, (__, fd) => fd)
          .filter((fd) => (memory.view.getUint8(i * SET_SIZE + (fd >> 3)) & (1 << (fd & 7))) !== 0)
          .map((fd) => numbers.get(fd) ?? `descriptor ${fd}`)
          .join(' '),
      )
      return `${result === -1 ? errnoName(errno) : result}, sets ${after.join(', ')}`
    },
  }
}
