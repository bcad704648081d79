import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { ManyFiles } from './many-files.ts'

/** What a wait with many entries is compared with. */
const FEW = 16

/** How much more a wait may cost with many entries. A scan of all of them would cost a hundred times as much. */
const MOST_RATIO = 5

/** A machine may be disturbed during one comparison, and not during all. */
const TRIES = 4

/** Waits whose median counts. */
const WAITS = 101

/** Descriptors in numbers that tables of fixed size do not hold. */
export const large: readonly Check[] = [
  costCheck('batch.fdset-large', 2000),
  // So many take a tenth of a second to make, which is for those who have it.
  { ...costCheck('batch.fdset-large.10000', 10_000), kind: 'race' },
  ...[257, 1025].map((count) => tableCheck(count)),
  { ...tableCheck(65_537), kind: 'race' },
]

/** What a wait costs with many entries, held against what it costs with few. */
function costCheck(id: string, count: number): Check {
  return epollCheck({
    id,
    statement: `Of ${count} entries the one that is ready is returned, at less than ${MOST_RATIO} times the cost of a wait with ${FEW}.`,
    source: 'epoll(7): O(1) in the number of entries; tgoskits#2433; libuv bench',
    bugs: ['rcore-os/tgoskits#2433: a wait looked at every entry, and took 500 microseconds with 1020'],
    descriptors: count + FEW + 16,
    run(machine) {
      machine.run(epoll('small'), epoll('large'))
      machine.begin(`add ${FEW} and ${count} entries`)
      const [few, many] = [new ManyFiles(machine, FEW), new ManyFiles(machine, count)]
      few.add('small', 'IN')
      many.add('large', 'IN')
      expectReady('large', many, [])
      few.signal(FEW - 1)
      many.signal(count - 7)
      expectReady('small', few, [FEW - 1])
      expectReady('large', many, [count - 7])
      machine.begin(`epoll_wait with ${count} entries, compared with ${FEW}`)
      let best = compareWaits(machine)
      for (let more = TRIES - 1; more > 0 && ratioOf(best) >= MOST_RATIO; more--) {
        const next = compareWaits(machine)
        if (ratioOf(next) < ratioOf(best)) best = next
      }
      const costs = `${best.manyNs} ns with ${count} entries, ${best.fewNs} ns with ${FEW}`
      if (ratioOf(best) >= MOST_RATIO) throw new Failure(`less than ${MOST_RATIO} times the cost`, costs)
      machine.note = `${costs}, calls included`
    },
  })
}

/** Entries past the sizes of a byte, of FD_SETSIZE and of a 16-bit number. */
function tableCheck(count: number): Check {
  return epollCheck({
    id: count === 257 ? 'batch.257-fds' : `batch.257-fds.${count}`,
    statement: `Of ${count} descriptors that are watched just those that are ready are returned, also after some were deleted and added again.`,
    source: 'mojito-sys#162 (a table of fixed size); epoll(7)',
    descriptors: count + 16,
    run(machine) {
      machine.run(epoll('ep'))
      machine.begin(`add ${count} entries`)
      const files = new ManyFiles(machine, count)
      files.add('ep', 'IN')
      expectReady('ep', files, [])
      const edges = [0, 1, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024, 65_535, 65_536]
      const ready = edges.filter((index) => index < count)
      for (const index of ready) files.signal(index)
      expectReady('ep', files, ready)
      const removed = Array.from({ length: count }, (_, i) => i).filter((i) => i % 4 === 0)
      machine.begin(`delete every fourth of ${count} entries`)
      files.remove('ep', removed)
      expectReady(
        'ep',
        files,
        ready.filter((index) => index % 4 !== 0),
      )
      machine.begin(`add every fourth of ${count} entries again`)
      files.add('ep', 'IN', removed)
      expectReady('ep', files, ready)
    },
  })
}

/** One wait with room for more than is ready. */
const expectReady = (ep: string, files: ManyFiles, ready: readonly number[]): void =>
  files.expectEvents(ep, ready.length + 16, ready)

interface Costs {
  readonly fewNs: number
  readonly manyNs: number
}

const ratioOf = ({ fewNs, manyNs }: Costs): number => manyNs / fewNs

/** The medians of waits in both epolls, in turn, so that what disturbs one disturbs the other. */
function compareWaits(machine: Machine): Costs {
  const buffer = new Memory(8 * layouts.epoll_event.size)
  const samplesOf = new Map<string, number[]>([
    ['small', []],
    ['large', []],
  ])
  for (let i = 0; i < WAITS; i++) {
    for (const [ep, samples] of samplesOf) {
      const fd = machine.fd(ep)
      const start = process.hrtime.bigint()
      machine.libc.fn.epoll_wait(fd, buffer.address, 8, 0)
      samples.push(Number(process.hrtime.bigint() - start))
    }
  }
  const [fewNs = NaN, manyNs = NaN] = [...samplesOf.values()].map(median)
  return { fewNs, manyNs }
}

const median = (samples: readonly number[]): number =>
  samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? NaN
