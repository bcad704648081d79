import { blocked, call, close, join, poll, select, thread } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { change, events, kev, kqueue, told } from '../../steps/kevents.ts'

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** How deep kqueues are put into one another. */
const DEPTH = 100

/** What may refuse so many: a limit on the depth, or on descriptors. */
const refusals: readonly (number | string)[] = ['ELOOP', 'EMFILE', 'ENFILE', 'EINVAL']

/** How often a closed number is used again. */
const ROUNDS = 50

/** Kqueues in kqueues, and kqueues that are closed. */
export const nesting: readonly Check[] = [
  kqueueCheck({
    id: 'kq.in-kq',
    statement:
      'A kqueue is readable while it has events, and data is how many: for another kqueue as for poll and select.',
    source: 'kqueue(2); libkqueue; FreeBSD tests',
    why: 'A program with an event loop of its own watches that of a library by its descriptor.',
    steps: [
      kqueue('in'),
      kqueue('kq'),
      change('in', [kev('USER', 1, 'ADD'), kev('USER', 2, 'ADD')]),
      change('kq', kev('READ', 'in', 'ADD')),
      events('kq', []),
      poll({ in: 'IN' }, {}),
      change('in', trigger(1)),
      events('kq', [told('READ', 'in', { data: 1 })]),
      change('in', trigger(2)),
      events('kq', [told('READ', 'in', { data: 2 })]),
      change('in', [kev('USER', 1, 'DELETE'), kev('USER', 2, 'DELETE')]),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.in-kq.poll',
    statement: 'For poll and select a kqueue is readable while it has events, and not before or after.',
    source: 'kqueue(2); libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 1, 'ADD|CLEAR')),
      poll({ kq: 'IN' }, {}),
      select({ kq: 'r' }, {}),
      change('kq', trigger(1)),
      poll({ kq: 'IN' }, { kq: 'IN' }),
      select({ kq: 'r' }, { kq: 'r' }),
      events('kq', [told('USER', 1)]),
      poll({ kq: 'IN' }, {}),
    ],
  }),
  kqueueCheck({
    id: 'kq.chain-depth',
    statement:
      'A hundred kqueues in one another crash nothing, and what is closed in the middle is cleaned up.',
    level: 'de-facto',
    source: 'libkqueue',
    differs: 'macOS allows 10, and then refuses with ELOOP.',
    run(machine) {
      machine.run(kqueue('kq0'), change('kq0', kev('USER', 1, 'ADD')))
      let last = 'kq0'
      for (let i = 1; i < DEPTH; i++) {
        const name = `kq${i}`
        machine.run(kqueue(name))
        machine.begin(`kevent adds READ ${last} to ${name}`)
        const result = new KeventCall(machine, name, [kev('READ', last, 'ADD')]).result()
        if (refusals.includes(result)) break
        if (result !== 0) throw new Failure('kevent gives 0, or ELOOP', `kevent gives ${result}`)
        last = name
      }
      machine.run(change('kq0', trigger(1)))
      machine.begin(`kevent asks ${last}, the outermost`)
      const outermost = new KeventCall(machine, last, [], { room: 4 })
      outermost.events()
      machine.run(close('kq0'))
      machine.begin(`kevent asks ${last} when the innermost is closed`)
      machine.expect(outermost.events().length, 0, 'events of the outermost, when the innermost is closed')
    },
  }),
  kqueueCheck({
    id: 'kq.close-while-waiting',
    statement: 'What becomes of a thread that is blocked in a kqueue which another closes.',
    level: 'quirk',
    kind: 'thread',
    source: 'libkqueue',
    differs: 'On macOS and with libkqueue kevent fails with EBADF; on FreeBSD and DragonFly it sleeps on.',
    threads: 1,
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD')),
      thread(
        'waiter',
        events('kq', { otherwise: [], macos: 'EBADF', libkqueue: 'EBADF' }, { timeoutMs: 1000 }),
      ),
      blocked('waiter'),
      close('kq'),
      join('waiter'),
    ],
  }),
  kqueueCheck({
    id: 'kq.close-reuse',
    statement: 'A kqueue that gets the number of one that was closed knows nothing of its registrations.',
    source: 'kqueue(2); libkqueue',
    run(machine) {
      machine.begin(`open a kqueue, add and trigger a user event, close it, ${ROUNDS} times`)
      const step = machine.currentStep
      for (let round = 0; round < ROUNDS; round++) {
        machine.run(kqueue(`kq${round}`))
        expectFresh(machine, `kq${round}`, step)
        machine.closeFd(`kq${round}`)
      }
    },
  }),
  kqueueCheck({
    id: 'kq.fd-flags',
    statement: 'A kqueue is a descriptor that can be closed once.',
    source: 'kqueue(2)',
    steps: [kqueue('kq'), close('kq'), call('close', ['$kq'], 'EBADF')],
  }),
]

function expectFresh(machine: Machine, name: string, step: string): void {
  const deleted = new KeventCall(machine, name, [kev('USER', 7, 'DELETE')]).result()
  if (deleted !== 'ENOENT')
    throw new Failure(`${step}: ENOENT for the first deletion`, `kevent gives ${deleted}`)
  const events = new KeventCall(machine, name, [kev('USER', 7, 'ADD'), trigger(7)], { room: 4 }).events()
  machine.expect(events.length, 1, 'events of a kqueue with one user event')
}
