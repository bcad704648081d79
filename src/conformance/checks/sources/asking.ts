import type { BackendName } from '../../../backends/index.ts'
import { add, epoll, poll, select, wait } from '../../build.ts'
import type { Name, NativeStep, Step } from '../../steps.ts'
import { inquiryOf } from '../readiness/inquiry.ts'
import { classic } from '../../classic.ts'

/** How a backend is asked for a descriptor that can be readable, and never anything else. */
export interface Asking {
  /** What must be done before asking. */
  readonly watch: readonly Step[]
  /** Asks, and fails unless it is readable, and nothing else. */
  readonly readable: (timeoutMs?: number) => NativeStep
  /** Asks, and fails unless there is nothing to report when the time is over. */
  readonly silent: (timeoutMs?: number) => NativeStep
}

/** All that can be asked for: what is reported beyond IN is a difference. */
const EVERYTHING = 'IN|OUT|PRI|RDHUP'

export function askingFor(backend: BackendName, fd: Name): Asking {
  const { watch, ask } = inquiryOf(backend, [fd], EVERYTHING)
  const readable = { fd, revents: 'IN', withoutEvents: '0', select: 'r' }
  const nothing = { fd, revents: '0', withoutEvents: '0', select: '' }
  return {
    watch,
    readable: (timeoutMs = 0) => ask(readable, { timeoutMs }),
    silent: (timeoutMs = 0) => ask(nothing, { timeoutMs }),
  }
}

/** How a backend is asked whether a descriptor can be read, and nothing else. */
export interface ReadInterest {
  /** What must be done before asking. */
  readonly watch: readonly Step[]
  /** Asks, and fails unless it can be read, or cannot. */
  readonly ask: (ready: boolean, timeoutMs?: number) => NativeStep
}

/** An epoll with an entry of these flags besides IN, or poll, or select. */
export function readInterest(backend: BackendName, fd: Name, flags?: 'ET'): ReadInterest {
  const when = (ready: boolean, what: string): Record<Name, string> => (ready ? { [fd]: what } : {})
  switch (classic(backend)) {
    case 'epoll':
      return {
        watch: [epoll('ep'), add('ep', fd, flags === undefined ? 'IN' : `IN|${flags}`)],
        ask: (ready, timeoutMs = 0) => wait('ep', when(ready, 'IN'), { timeoutMs }),
      }
    case 'poll':
      return { watch: [], ask: (ready, timeoutMs) => poll({ [fd]: 'IN' }, when(ready, 'IN'), timeoutMs) }
    case 'select':
      return { watch: [], ask: (ready, timeoutMs) => select({ [fd]: 'r' }, when(ready, 'r'), timeoutMs) }
  }
}
