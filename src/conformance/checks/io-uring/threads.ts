/** Rings, signals, and processes that end. */
import { SIG } from '../../../libc/constants/linux.ts'
import { errnoName } from '../../../libc/libc.ts'
import { UnsupportedError } from '../../../errors.ts'
import { counter, eventfd, pipe, poll, signal, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { awaitCall, canForkCalls, forkCalls, signalCall } from '../../operations/forked-calls.ts'
import type { ForkedCall } from '../../operations/forked-calls.ts'
import { ringUse } from '../../operations/rings.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { callNumber } from '../../rings/raw-ring.ts'
import { pollAdd } from '../../rings/requests.ts'
import { endProcess, reap } from '../../steps/processes.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import { blockSignals, signalfd } from '../../steps/sources.ts'
import { Handler } from '../../waits/handler.ts'
import type { BlockingCall } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

export const threads: readonly Check[] = [
  ringCheck({
    id: 'iou.signal-eintr',
    statement:
      'A signal with a handler ends a blocked io_uring_enter with EINTR, and takes no completion with it: the next one returns it.',
    level: 'de-facto',
    kind: 'thread',
    source: 'io_uring_enter(2), EINTR; axboe/liburing#468',
    bugs: ['axboe/liburing#468: on Linux 5.15 work of io_uring made unrelated waits of epoll return EINTR'],
    threads: 1,
    run(machine) {
      machine.run(pipe('r', 'w'), setupRing('ring'), submit('ring', pollAdd('p', 'r', 'IN')))
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        thread.setMask()
        const wait = enterOf(machine)
        thread.startBlocked(wait)
        thread.signal(SIG.URG)
        thread.expect('EINTR', PROMPT_MS)
        handler.expectRun(true, 'when the wait has failed')
        thread.startBlocked(wait)
        machine.run(write('w', 1))
        thread.expect('0', PROMPT_MS)
        // With the completion still there, nothing is waited for.
        thread.signal(SIG.URG)
        thread.expectOf(wait, '0', PROMPT_MS)
        machine.run(completions('ring', { p: 'IN' }))
      })
    },
  }),
  ringCheck({
    id: 'iou.pollfree',
    statement:
      'A poll that a process has submitted, of a signalfd, completes for a signal of that process, and is cancelled when the process ends.',
    kind: 'thread',
    source: 'liburing pollfree; signalfd(2)',
    why: 'What a signalfd waits in is gone with the process: a poll that is left there is a use after free.',
    run(machine) {
      if (!canForkCalls(machine)) throw new UnsupportedError('fork', 'libc has no contexts')
      machine.run(blockSignals('URG'), signalfd('s', ['URG']), setupRing('ring'))
      machine.run(eventfd('go', 0, 0), eventfd('done', 0, 0))
      const use = ringUse(machine, 'ring')
      use.push([pollAdd('signal', 's', 'IN'), pollAdd('end', 's', 'PRI')])
      use.ring.publish()
      machine.begin('fork a process that submits polls of a signalfd')
      forkCalls(machine, 'child', [
        enterCall(use.ring.fd, 2),
        signalCall(machine, 'done', 1n),
        awaitCall(machine, 'go'),
      ])
      machine.run(poll({ done: 'IN' }, { done: 'IN' }, WOKEN.timeoutMs), counter('done', '1'))
      machine.run(completions('ring', {}))
      const child = machine.processes.get('child')
      machine.begin('send it the signal')
      if (child !== undefined) process.kill(child, SIG.URG)
      machine.run(completions('ring', { signal: 'IN' }))
      machine.run(endProcess('child'), reap('child'), completions('ring', { end: 'ECANCELED' }), signal('go'))
    },
  }),
]

/** A wait of the ring for one completion, which a byte in the pipe ends. */
function enterOf(machine: Machine): BlockingCall {
  const { invocation, memory } = ringUse(machine, 'ring').enterCall({ least: 1, timeoutMs: WOKEN.timeoutMs })
  for (const piece of memory) machine.keep(piece)
  return {
    invocation,
    text: 'io_uring_enter(ring, 1 completion)',
    reset: () => undefined,
    outcome: (result, errno) => (result === -1 ? errnoName(errno) : String(result)),
  }
}

/** Submits what is in a ring, as another process. */
const enterCall = (fd: number, count: number): ForkedCall => ({
  fn: 'syscall',
  args: [callNumber('io_uring_enter'), fd, count, 0, 0, 0],
})
