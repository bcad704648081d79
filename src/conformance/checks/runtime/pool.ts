import { pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { Crew, GATES } from './crew.ts'
import { IO_SEED } from './io.ts'
import { Trials } from './trials.ts'
import type { Statement } from './trials.ts'

const JOBS = 500

/** In the order in which they are tried: the first needs threads that have not started, the last ends them. */
const statements: readonly Statement<Crew>[] = [
  {
    name: 'idle-first',
    words:
      'A job goes to an idle thread, whose poller is woken; else to a new one, up to the limit; else it waits for its turn.',
    async hold(crew) {
      const { pool, words, machine } = crew
      await crew.expectResult('the first job, in the first thread', crew.run('threadOf'), 0)
      await crew.until('the thread sleeps', () => pool.counts.idle === 1)
      const held = [crew.run('hold', words, 0, GATES)]
      await crew.until('a job wakes the thread', () => words[0] === 1)
      machine.expect(pool.counts.threads, 1, 'threads')
      held.push(crew.run('hold', words, 0, GATES + 1))
      await crew.until('the next job starts a thread', () => words[0] === 2)
      machine.expect(pool.counts.threads, 2, 'threads')
      const third = crew.run('threadOf')
      machine.expect(pool.counts.threads, 2, 'threads, with a third job')
      crew.release(GATES + 1)
      await crew.expectResult('the third job, in the thread that is free', third, 1)
      crew.release(GATES)
      await crew.expectResult('the jobs that were held', Promise.all(held), '0,1')
    },
  },
  {
    name: 'exactly-once',
    words: 'Every job runs once, and its result comes, also when all threads have gone to sleep meanwhile.',
    async hold(crew) {
      const { pool, words, machine } = crew
      for (const round of [1, 2]) {
        const results = Promise.all(Array.from({ length: JOBS }, async (_, i) => crew.run('bump', words, i)))
        const right = results.then((all) => all.filter((before) => before === round - 1).length)
        await crew.expectResult(`results of ${JOBS} jobs, round ${round}`, right, JOBS)
        const ran = words.subarray(0, JOBS).filter((count) => count === round).length
        machine.expect(ran, JOBS, 'jobs that have run once')
        await crew.until('no thread has anything to do', () => pool.counts.idle === pool.counts.threads)
      }
    },
  },
  {
    name: 'steal',
    words: 'A thread without a job takes those that another one has taken upon itself and does not come to.',
    async hold(crew) {
      const { pool, words, machine } = crew
      const stolenBefore = pool.counts.stolen
      const held = [0, 1].map(async (i) => crew.run('block', words, 0, GATES + i))
      await crew.until('both threads are held', () => words[0] === 2)
      // The first that comes back takes a share of these upon itself, and is held by the first of them.
      const last = crew.run('block', words, 0, GATES + 2)
      const small = Array.from({ length: 15 }, async () => crew.run('threadOf'))
      crew.release(GATES)
      await crew.until('one goes on, and is held by the next job', () => words[0] === 3)
      crew.release(GATES + 1)
      const threads = Promise.all(small).then((all) => new Set(all).size)
      await crew.expectResult('threads in which the jobs behind it have run', threads, 1)
      const isStolen = pool.counts.stolen > stolenBefore
      machine.expect(isStolen ? 'stolen' : 'not stolen', 'stolen', 'how they came there')
      crew.release(GATES + 2)
      const all = Promise.all([...held, last]).then(({ length }) => length)
      await crew.expectResult('jobs that were held', all, 3)
    },
  },
  {
    name: 'one-registration',
    words:
      'Jobs of one thread that wait for the same descriptor and direction share a registration, and are all woken.',
    async hold(crew) {
      const { words, machine } = crew
      machine.run(pipe('r', 'w'))
      const letGo = await crew.holdOne()
      const jobs = [0, 1, 2].map(async () => crew.run('waitFor', machine.fd('r'), words, 0))
      await crew.until('three jobs wait in the other', () => words[0] === 3)
      machine.run(write('w', 1))
      await crew.expectResult('registrations that each has seen', Promise.all(jobs), '1,1,1')
      await letGo()
    },
  },
  {
    name: 'death',
    words:
      'A thread that dies fails the job that it was about, which runs no second time, and another one takes its place.',
    async hold(crew) {
      const { pool, words, machine } = crew
      const letGo = await crew.holdOne()
      const dying = crew.run('die', words, 0)
      const after = crew.run('bump', words, 2)
      await crew.expectResult('the job whose thread has died', dying, 'worker-died')
      await crew.expectResult('the job behind it', after, 0)
      machine.expect(words[0] ?? 0, 1, 'how often the first has run')
      machine.expect(pool.counts.died, 1, 'threads that have died')
      await letGo()
    },
  },
  {
    name: 'exit',
    words:
      'Close wakes every thread out of its poller, ends the jobs that wait, and is over when all threads are gone.',
    async hold(crew) {
      const { pool, words, machine } = crew
      const waiting = [0, 1].map(async () => crew.run('waitForEver', words, 0, 1))
      await crew.until('two jobs wait', () => words[0] === 2)
      machine.begin('close')
      await pool.close()
      machine.expect(pool.counts.threads, 0, 'threads')
      machine.expect(words[1] ?? 0, 2, 'jobs that were ended')
      for (const job of waiting) await crew.expectResult('a job that waited', job, 'closed')
      await crew.expectResult('a job that comes too late', crew.run('threadOf'), 'closed')
    },
  },
]

/** Threads cost more to start than all that is checked of them: one pool is tried for all statements. */
const trials = new Trials(statements, (machine) => new Crew(machine))

/** Jobs over threads that sleep in the backend under test while they are idle. */
export const pools: readonly Check[] = statements.map(({ name, words }) =>
  portableCheck({
    id: `runtime.pool-${name}`,
    // Not for stress, but because threads that must be prompt want the processors for themselves.
    kind: 'race',
    statement: words,
    source: `${IO_SEED} (M:N: threads, each with a poller, and their queues)`,
    // What two threads of Node and their pollers have.
    descriptors: 30,
    takesMs: 60,
    run: async (machine) => trials.expect(machine, name),
  }),
)
