/** Entry point of a waiter thread: makes the native calls that it is told to, and says what they returned. */
import { workerData } from 'node:worker_threads'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import { attachLibc } from '../../libc/libc.ts'
import type { Job, JobError, JobResult, ThreadData } from './job.ts'
import { MESSAGE_OFFSET, State, Word } from './job.ts'

const { plan, shared } = workerData as ThreadData
const libc = attachLibc(plan)
const control = new Int32Array(shared, 0, MESSAGE_OFFSET / 4)
const message = new Uint8Array(shared, MESSAGE_OFFSET)

const gettid = syscallNumbers()?.gettid
if (gettid !== undefined) control[Word.TID] = libc.fn.syscall(gettid, 0, 0, 0, 0, 0, 0)

function publish(state: number): void {
  Atomics.store(control, Word.STATE, state)
  Atomics.notify(control, Word.STATE)
}

function run(job: Job): JobResult {
  const functions = job.calls.map(
    ({ fn }) => libc.fn[fn] as (...args: readonly (number | string)[]) => number,
  )
  const succeeded = job.calls.map(() => 0)
  const sums = job.calls.map(() => 0)
  const last = { call: 0, result: 0, errno: 0, rejected: false, elapsedNs: 0 }
  let rounds = 0
  publish(State.CALLING)
  while (rounds < job.rounds && !last.rejected && Atomics.load(control, Word.STOP) === 0) {
    for (const [index, { args, accept }] of job.calls.entries()) {
      const start = process.hrtime.bigint()
      const result = functions[index]?.(...args) ?? 0
      last.errno = result === -1 ? libc.errno() : 0
      last.elapsedNs = Number(process.hrtime.bigint() - start)
      last.call = index
      last.result = result
      if (result >= 0) {
        succeeded[index] = (succeeded[index] ?? 0) + 1
        sums[index] = (sums[index] ?? 0) + result
      }
      last.rejected = accept !== undefined && !accept.includes(result === -1 ? -last.errno : result)
      if (last.rejected) break
    }
    rounds++
  }
  return { ...last, rounds, succeeded, sums }
}

/** A job that cannot be run is an answer too: a thread that died of it would leave the main thread waiting. */
function answer(job: Job): JobResult | JobError {
  try {
    return run(job)
  } catch (error) {
    return { error: String(error) }
  }
}

publish(State.IDLE)
for (let running = true; running;) {
  const state = Atomics.load(control, Word.STATE)
  if (state === State.EXIT) {
    running = false
  } else if (state === State.POSTED) {
    const text = Buffer.from(message.slice(0, control[Word.LENGTH])).toString('utf8')
    const bytes = Buffer.from(JSON.stringify(answer(JSON.parse(text) as Job)))
    message.set(bytes)
    control[Word.LENGTH] = bytes.length
    publish(State.DONE)
  } else {
    Atomics.wait(control, Word.STATE, state)
  }
}
