/** The same for rings of every kind, and what is different. */
import { closeAll, pipe, poll, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import { ringUse } from '../../operations/rings.ts'
import type { SetupFlag } from '../../rings/abi.ts'
import { nothingToDo, pollAdd } from '../../rings/requests.ts'
import type { Step } from '../../steps.ts'
import { completions, ringState, setupRing, submit } from '../../steps/rings.ts'
import { changes } from './changes.ts'
import { files } from './files.ts'
import { multishot } from './multishot.ts'
import type { RingScenario } from './scenario.ts'
import { single } from './single.ts'
import { timeouts } from './timeouts.ts'

const kinds: readonly { slug: string; flags: readonly SetupFlag[] }[] = [
  { slug: 'coop-taskrun', flags: ['COOP_TASKRUN', 'TASKRUN_FLAG'] },
  { slug: 'single-issuer', flags: ['SINGLE_ISSUER'] },
  { slug: 'defer-taskrun', flags: ['SINGLE_ISSUER', 'DEFER_TASKRUN'] },
  { slug: 'sqpoll', flags: ['SQPOLL'] },
]

/** What does not depend on when the kernel works off what has happened. */
const groups: readonly { slug: string; what: string; scenarios: readonly RingScenario[] }[] = [
  { slug: 'single', what: 'polls', scenarios: single },
  { slug: 'multishot', what: 'multishot polls', scenarios: multishot },
  { slug: 'changes', what: 'removals, cancellations and updates', scenarios: changes },
  { slug: 'timeouts', what: 'timeouts', scenarios: timeouts },
  { slug: 'files', what: 'polls of terminals and epolls', scenarios: files },
]

/** The overflow of a ring is as large as what happens before the next look, which the kernel's thread decides. */
const ofOwnThread: readonly string[] = ['iou.poll.multi.overflow']

const withFlags = (step: Step, flags: readonly SetupFlag[]): Step =>
  step.op === 'io_uring.setup' ? { ...step, flags: [...step.flags, ...flags] } : step

const sameForAll: readonly Check[] = kinds.flatMap(({ slug, flags }) =>
  groups.map(({ slug: group, what, scenarios }) =>
    ringCheck({
      id: `iou.setup-flags.${slug}.${group}`,
      statement: `A ring with ${flags.map((flag) => `IORING_SETUP_${flag}`).join(' and ')} gives the same as one without, in all that is checked of ${what}.`,
      level: 'de-facto',
      source: 'io_uring_setup(2); liburing missing-events',
      why: 'Libraries choose these flags for speed, by what the kernel has: a program must not notice.',
      takesMs: 100,
      steps: scenarios
        .filter(({ id }) => slug === 'coop-taskrun' || slug === 'single-issuer' || !ofOwnThread.includes(id))
        .flatMap(({ steps }) => [...steps.map((step) => withFlags(step, flags)), closeAll()]),
    }),
  ),
)

const EEXIST = 17

export const setupFlags: readonly Check[] = [
  ...sameForAll,
  ringCheck({
    id: 'iou.setup-flags.defer-taskrun.only-inside',
    statement:
      'With IORING_SETUP_DEFER_TASKRUN completions are posted inside io_uring_enter and nowhere else; a flag says that there is something to do.',
    level: 'de-facto',
    source: 'io_uring_setup(2), IORING_SETUP_DEFER_TASKRUN; liburing defer-taskrun',
    steps: [
      pipe('r', 'w'),
      setupRing('ring', { flags: ['SINGLE_ISSUER', 'DEFER_TASKRUN', 'TASKRUN_FLAG'] }),
      submit('ring', pollAdd('p', 'r', 'IN')),
      ringState('ring', 'TASKRUN', 'not set'),
      write('w', 1),
      completions('ring', {}, { by: 'looking only' }),
      ringState('ring', 'TASKRUN', 'set'),
      // Whoever waits for the ring is told, or it would wait for what only its own call can bring about.
      poll({ ring: 'IN' }, { ring: 'IN' }),
      completions('ring', { p: 'IN' }),
      ringState('ring', 'TASKRUN', 'not set'),
    ],
  }),
  ringCheck({
    id: 'iou.setup-flags.default.without-enter',
    statement: 'Without flags a completion is there as soon as the call that brought it about has returned.',
    level: 'de-facto',
    source: 'io_uring(7)',
    steps: [
      pipe('r', 'w'),
      setupRing('ring'),
      submit('ring', pollAdd('p', 'r', 'IN')),
      write('w', 1),
      completions('ring', { p: 'IN' }, { by: 'looking only' }),
    ],
  }),
  ringCheck({
    id: 'iou.setup-flags.single-issuer.other-thread',
    statement:
      'A ring with IORING_SETUP_SINGLE_ISSUER takes requests of the thread that made it, and gives others EEXIST.',
    kind: 'thread',
    level: 'de-facto',
    source: 'io_uring_setup(2), IORING_SETUP_SINGLE_ISSUER',
    threads: 1,
    run(machine) {
      machine.run(setupRing('ring', { flags: ['SINGLE_ISSUER'] }), submit('ring', nothingToDo('a')))
      machine.run(completions('ring', { a: '0' }))
      const use = ringUse(machine, 'ring')
      use.push([nothingToDo('b')])
      const thread = machine.acquireThread()
      machine.begin('another thread submits')
      const { invocation } = use.ring.enterCall({ submit: 1 })
      thread.post({ calls: [{ ...invocation, accept: [] }], rounds: 1 })
      const made = thread.join(2000)
      const what =
        made === undefined ? 'no return' : made.result === -1 ? `errno ${made.errno}` : `${made.result}`
      machine.expect(what, `errno ${EEXIST}`, 'io_uring_enter of another thread gives')
      machine.begin('the thread of the ring submits it')
      machine.expect(use.submit(), 1, 'io_uring_enter says that it took')
      machine.run(completions('ring', { b: '0' }))
    },
  }),
]
