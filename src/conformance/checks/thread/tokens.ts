import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd, pipe } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { counterOf, encodeEvent, eventBuffer, pollfdFor } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import type { Job } from '../../threads/job.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'

const CONSUMERS = 3
const PIPES = ['p1', 'p2', 'p3', 'p4']

/** Each of the four ways has its own race, so each has less time. */
const RACE_MS = 100

/** What lies in a pipe for so long, while threads wait for it, has woken nobody. */
const LOST_MS = 2000

/** More than a round writes, so that one read takes all that is there. */
const ROOM = 4096

interface Way {
  readonly id: string
  readonly words: string
  readonly bits: number
  /** An epoll for each consumer, or one for all. */
  readonly ownEpoll: boolean
}

const ways: readonly Way[] = [
  { id: 'lt', words: 'level-triggered', bits: 0, ownEpoll: false },
  { id: 'et', words: 'edge-triggered and drained', bits: EPOLL.ET, ownEpoll: false },
  { id: 'oneshot', words: 'one-shot and armed again', bits: EPOLL.ONESHOT, ownEpoll: false },
  { id: 'exclusive', words: 'exclusive, in an epoll each', bits: EPOLL.EXCLUSIVE, ownEpoll: true },
]

export const tokens: readonly Check[] = ways.map((way) =>
  epollCheck({
    id: `thr.producer-consumer.${way.id}`,
    statement: `Two threads write bytes to ${PIPES.length} pipes, ${CONSUMERS} threads wait for them, ${way.words}: every byte is taken, and none twice.`,
    kind: 'race',
    source: 'gVisor; libkqueue; kernel selftests',
    threads: CONSUMERS + 1,
    descriptors: 24,
    run: (machine) => produceAndConsume(machine, way),
  }),
)

function produceAndConsume(machine: Machine, way: Way): void {
  const { libc } = machine
  machine.run(eventfd('stop'), ...PIPES.map((name) => pipe(name, `to ${name}`)))
  const consumers = startConsumers(machine, way)
  const [byte, one] = [new Memory(1, { shared: true }), counterOf(1n)]
  machine.keep(byte)
  const writers = PIPES.map((name) => machine.fd(`to ${name}`))
  const producer = new Partner(
    machine,
    'producer',
    writers.map((fd) => ({ fn: 'write', args: [fd, byte.address, 1], accept: [1] }) as const),
  )
  const pollfds = PIPES.map((name) => pollfdFor(machine, name))
  const isEmpty = (): boolean => pollfds.every((pollfd) => sys(libc, 'poll', pollfd.address, 1, 0) === 0)
  const untilEmpty = (when: string): void => {
    const end = performance.now() + LOST_MS
    while (!isEmpty()) {
      if (performance.now() > end) throw new Failure('every byte is taken', `one lies in its pipe, ${when}`)
    }
  }
  let written = 0
  machine.begin(`two threads write to pipes, ${CONSUMERS} read`)
  race(
    machine,
    (round) => {
      if (round > 0) producer.again()
      dawdle(machine, round)
      sys(libc, 'write', writers[(round * 7) % writers.length] ?? 0, byte.address, 1)
      written++
      // Now and then all must come to rest: what is lost would be found by accident otherwise.
      if (round % 4 === 3) untilEmpty(`after round ${round}`)
    },
    RACE_MS,
  )
  const rounds = producer.stop()
  untilEmpty('at the end')
  for (const thread of consumers) thread.stop()
  sys(libc, 'write', machine.fd('stop'), one.address, 8)
  const taken = consumers.map((thread) => bytesOf(thread))
  machine.expect(
    taken.reduce((sum, n) => sum + n, 0),
    written + rounds * PIPES.length,
    'bytes taken',
  )
  machine.note = `${machine.note}; bytes of each consumer: ${taken.join(', ')}`
}

function startConsumers(machine: Machine, { bits, ownEpoll }: Way): WaiterThread[] {
  const epolls = Array.from({ length: ownEpoll ? CONSUMERS : 1 }, (_, i) => `ep${i + 1}`)
  machine.run(...epolls.flatMap((ep) => [epoll(ep), add(ep, 'stop', 'IN')]))
  const entries = PIPES.map((name) => ({
    name,
    event: encodeEvent((EPOLL.IN | bits) >>> 0, machine.labels.data(name)),
  }))
  for (const { event } of entries) machine.keep(event)
  for (const ep of epolls) {
    for (const { name, event } of entries) {
      sys(machine.libc, 'epoll_ctl', machine.fd(ep), EPOLL_CTL.ADD, machine.fd(name), event.address)
    }
  }
  return Array.from({ length: CONSUMERS }, (_, i) => {
    const ep = machine.fd(epolls[ownEpoll ? i : 0] ?? '')
    const [events, bytes, thread] = [
      eventBuffer(1),
      new Memory(ROOM, { shared: true }),
      machine.acquireThread(),
    ]
    machine.keep(events)
    machine.keep(bytes)
    const rearm: Job['calls'] = entries.map(({ name, event }) => ({
      fn: 'epoll_ctl',
      args: [ep, EPOLL_CTL.MOD, machine.fd(name), event.address],
      accept: [0],
    }))
    const reads: Job['calls'] = PIPES.map((name) => ({
      fn: 'read',
      args: [machine.fd(name), bytes.address, ROOM],
    }))
    thread.post({
      calls: [
        { fn: 'epoll_wait', args: [ep, events.address, 1, WOKEN.timeoutMs], accept: [1] },
        ...reads,
        ...(bits === EPOLL.ONESHOT ? rearm : []),
      ],
      rounds: UNTIL_STOPPED,
    })
    return thread
  })
}

/** Ends a consumer, and says how many bytes it has read. */
function bytesOf(thread: WaiterThread): number {
  const result = thread.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure('every wait returns', 'a thread is still in its call')
  if (result.rejected)
    throw new Failure('every call of a consumer succeeds', `call ${result.call} gave ${result.result}`)
  return result.sums.slice(1, 1 + PIPES.length).reduce((sum, n) => sum + n, 0)
}
