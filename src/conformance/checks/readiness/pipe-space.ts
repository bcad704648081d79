import { fill, pipe, read, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import { pageSize } from '../../operations/pages.ts'
import { inquiryOf } from './inquiry.ts'
import type { Readiness } from './inquiry.ts'

/** What a write that asks for no more gets into a pipe at once or not at all (PIPE_BUF). */
const ATOMIC = 4096

const full: Readiness = { fd: 'w', revents: '0', withoutEvents: '0', select: '' }
const roomy: Readiness = { fd: 'w', revents: 'OUT', withoutEvents: '0', select: 'w' }

/** When a full pipe has room again. */
export const pipeSpace: Check = classicCheck({
  id: 'ready.pipe.w-some-read',
  statement:
    'A full pipe is not writable when one byte of it was read, but is after a page, and then takes PIPE_BUF bytes at once.',
  level: 'de-facto',
  source: 'pipe(7); microsoft/WSL#4525 (OUT, and then EAGAIN); LTP epoll_wait06; measured',
  run(machine) {
    const page = pageSize(machine)
    const { watch, ask } = inquiryOf(machine.backend, ['w'], 'OUT')
    machine.run(pipe('r', 'w'), ...watch, fill('w'), ask(full), read('r', 1), ask(full))
    machine.run(read('r', page - 1), ask(roomy), ask(roomy), write('w', ATOMIC))
  },
})
