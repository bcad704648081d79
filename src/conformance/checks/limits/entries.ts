import { EPOLL, EPOLL_CTL, RLIMIT_NOFILE } from '../../../libc/constants/linux.ts'
import { errnoName } from '../../../libc/libc.ts'
import { softLimit } from '../../../libc/limits.ts'
import { epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { waitForEvents } from '../../operations/calls.ts'
import { encodeEvent } from '../../operations/events.ts'
import { ManyFiles, roomForEntries } from '../batch/many-files.ts'

const MOST = 100_000

/** So many are enough to tell one that looks through all its entries from one that does not. */
const LEAST = 2000

/** As many are made as this allows. */
const MOST_MS = 250

/** Descriptors that are left to the process. */
const RESERVE = 256

/** So many calls make a block, whose median counts: what disturbs a few of them does not. */
const BLOCK = 401

/** How much more a call may cost with all entries than with few. Looking through them costs a hundred times as much. */
const MOST_RATIO = 5

/** How long a call took, in nanoseconds, for each of a number of calls. */
type Durations = number[]

/** Entries in numbers. */
export const entries: readonly Check[] = [
  epollCheck({
    id: 'lim.interest-100k',
    statement: `However many entries there are, up to ${MOST}, an ADD or a DEL costs no more than with few, and all can be deleted again.`,
    kind: 'race',
    source: 'epoll(7); benchmarks of libev and libevent',
    descriptors: LEAST + 16,
    run(machine) {
      machine.run(epoll('ep'))
      const event = encodeEvent(EPOLL.IN, 1n)
      const ep = machine.fd('ep')
      const control = (command: 'ADD' | 'DEL', fd: number): number => {
        const start = process.hrtime.bigint()
        const result = machine.libc.fn.epoll_ctl(ep, EPOLL_CTL[command], fd, event.address)
        const ns = Number(process.hrtime.bigint() - start)
        if (result === 0) return ns
        throw new Failure(`${command} gives 0`, `${command} gives ${errnoName(machine.libc.errno())}`)
      }
      machine.begin('ADD of one descriptor after another')
      const { fds } = new ManyFiles(machine, mostEntries(machine), { withinMs: MOST_MS, atLeast: LEAST })
      const adds: Durations = []
      for (const fd of fds) adds.push(control('ADD', fd))
      machine.expect(waitForEvents(machine, 'ep', 8, 0).length, 0, 'events of entries that are quiet')
      expectFlat('ADD', adds.slice(-BLOCK), adds.slice(0, BLOCK))
      // From both ends: a list is looked through from the one or the other.
      machine.begin(`DEL of ${fds.length} entries`)
      const dels: { readonly first: Durations; readonly last: Durations } = { first: [], last: [] }
      for (let [i, j] = [0, fds.length - 1]; i < j; i++, j--) {
        dels.first.push(control('DEL', fds[i] ?? -1))
        dels.last.push(control('DEL', fds[j] ?? -1))
      }
      for (const [which, durations] of Object.entries(dels)) {
        expectFlat(`DEL of the ${which} one`, durations.slice(0, BLOCK), durations.slice(-BLOCK))
      }
      machine.note = `${fds.length} entries`
    },
  }),
]

/** How many there may be here for certain. Some descriptors are left to the process. */
function mostEntries({ libc }: Machine): number {
  const limit = softLimit(libc, RLIMIT_NOFILE, Infinity)
  return Math.max(0, Math.min(MOST, limit - RESERVE, roomForEntries()))
}

/** Fails where the one costs many times as much as the other. */
function expectFlat(what: string, many: Durations, few: Durations): void {
  const [manyNs, fewNs] = [median(many), median(few)]
  if (manyNs < MOST_RATIO * fewNs) return
  throw new Failure(
    `${what} costs less than ${MOST_RATIO} times as much as with few entries`,
    `${manyNs} ns against ${fewNs} ns`,
  )
}

const median = (durations: Durations): number =>
  durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? NaN
