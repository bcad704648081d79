import { SIG } from '../../../libc/constants/linux.ts'
import { sendToThread } from '../../../libc/signals.ts'
import { UnsupportedError } from '../../../errors.ts'
import { blocked, join, pipe, thread, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import type { Step } from '../../steps.ts'
import { change, events, kev, kevent, kqueue, told } from '../../steps/kevents.ts'
import { sleepSync } from '../../../sleep.ts'
import { waitUntilBlocked } from '../../threads/thread-pool.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'
import { Handler } from '../../waits/handler.ts'

/** How many threads wait for one event. */
const WAITERS = 4

/** How long the others get to come back too, which they must not. */
const SETTLE_MS = 30

/** What lets those go who were not woken: a user event that stays. */
const RELEASE = 99

interface Delivery {
  readonly suffix: string
  readonly what: string
  readonly add: readonly Step[]
  readonly fire: readonly Step[]
  readonly got: string
}

const userEvent = (flags: string): Pick<Delivery, 'add' | 'fire' | 'got'> => ({
  add: [change('kq', kev('USER', 7, flags))],
  fire: [change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' }))],
  got: 'USER 7',
})

const readEvent = (flags: string): Pick<Delivery, 'add' | 'fire' | 'got'> => ({
  add: [pipe('r', 'w'), change('kq', kev('READ', 'r', flags))],
  fire: [write('w', 1)],
  got: 'READ r',
})

/** What each of several threads in one kqueue gets. */
export const threads: readonly Check[] = [
  kqueueCheck({
    id: 'kq.eintr-applied',
    statement: 'A call that a signal interrupts has made its changes: they need not be made again.',
    level: 'de-facto',
    kind: 'thread',
    source: 'kqueue(2) of FreeBSD, EINTR; fsnotify',
    threads: 1,
    run(machine) {
      const handler = new Handler(machine, SIG.URG)
      machine.run(
        kqueue('kq'),
        thread('waiter', kevent('kq', [kev('USER', 7, 'ADD')], 'EINTR', { ...WOKEN, room: 1 })),
        blocked('waiter'),
      )
      const { tid } = machine.thread('waiter').thread
      if (tid === undefined) throw new UnsupportedError('signals', 'the ids of threads cannot be had here')
      machine.begin('send SIGURG to the thread')
      sendToThread(machine.libc, tid, SIG.URG)
      machine.run(join('waiter'))
      handler.expectRun(true, 'when kevent has failed')
      machine.run(change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' })), events('kq', [told('USER', 7)]))
    },
  }),
  ...(
    [
      { suffix: '', what: 'a user event with EV_CLEAR', ...userEvent('ADD|CLEAR') },
      { suffix: '.user-oneshot', what: 'a user event with EV_ONESHOT', ...userEvent('ADD|ONESHOT') },
      { suffix: '.user-dispatch', what: 'a user event with EV_DISPATCH', ...userEvent('ADD|DISPATCH') },
      { suffix: '.read-clear', what: 'READ with EV_CLEAR', ...readEvent('ADD|CLEAR') },
      { suffix: '.read-oneshot', what: 'READ with EV_ONESHOT', ...readEvent('ADD|ONESHOT') },
      { suffix: '.read-dispatch', what: 'READ with EV_DISPATCH', ...readEvent('ADD|DISPATCH') },
      {
        suffix: '.timer',
        what: 'a timer with EV_ONESHOT',
        add: [],
        fire: [change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 20 }))],
        got: 'TIMER 7',
      },
    ] satisfies readonly Delivery[]
  ).map((delivery) =>
    kqueueCheck({
      id: `kq.single-delivery${delivery.suffix}`,
      statement: `Of ${WAITERS} threads that are blocked in a kqueue exactly one gets ${delivery.what}, and the others sleep on.`,
      kind: 'thread',
      source: 'kqueue(2); libkqueue test/threading.c',
      why: 'Two threads that both think that a connection is theirs read it at once; one that comes back with nothing before its time works for nothing.',
      threads: WAITERS,
      run: (machine) => expectOneWoken(machine, delivery),
    }),
  ),
]

function expectOneWoken(machine: Machine, { add, fire, got }: Delivery): void {
  machine.run(kqueue('kq'), change('kq', kev('USER', RELEASE, 'ADD')), ...add)
  const waiters = Array.from({ length: WAITERS }, () => ({
    thread: machine.acquireThread(),
    call: new KeventCall(machine, 'kq', [], { room: 1, timeoutMs: WOKEN.timeoutMs }),
  }))
  machine.begin(`${WAITERS} threads wait in kevent`)
  for (const { thread: waiter, call } of waiters) waiter.post({ calls: [call.invocation], rounds: 1 })
  if (waitUntilBlocked(waiters.map(({ thread: waiter }) => waiter)).includes(false)) {
    throw new Failure(`${WAITERS} threads sleep`, 'one of them has come back')
  }
  machine.run(...fire)
  machine.begin('count who comes back')
  untilOneIsDone(waiters.map(({ thread: waiter }) => waiter))
  sleepSync(SETTLE_MS)
  const woken = waiters.filter(({ thread: waiter }) => waiter.isDone)
  machine.begin('let the others go, by a user event that stays')
  new KeventCall(machine, 'kq', [kev('USER', RELEASE, '', { fflags: 'TRIGGER' })]).result()
  const textOf = ({ thread: waiter, call }: (typeof waiters)[number]): string => {
    const result = waiter.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every thread returns', 'a thread is still in its call')
    return call.textOf(result).split(',')[0] ?? ''
  }
  const early = woken.map(textOf)
  const late = waiters.filter((waiter) => !woken.includes(waiter)).map(textOf)
  const isWell = early.join() === got && late.every((text) => text === `USER ${RELEASE}`)
  if (!isWell) {
    throw new Failure(
      `one thread gets ${got}, and ${WAITERS - 1} get only what lets them go`,
      `woken by it: ${tally(early)}; when they are let go: ${tally(late)}`,
    )
  }
}

function untilOneIsDone(waiters: readonly WaiterThread[]): void {
  const end = performance.now() + WOKEN.timeoutMs
  while (!waiters.some(({ isDone }) => isDone) && performance.now() < end) sleepSync(1)
}

function tally(texts: readonly string[]): string {
  if (texts.length === 0) return 'none'
  const kinds = [...new Set(texts)].toSorted()
  return kinds.map((kind) => `${texts.filter((text) => text === kind).length} × ${kind}`).join(', ')
}
