import type { BackendName } from '../../../backends/index.ts'
import type { Name, NativeStep, Step } from '../../steps.ts'
import { inquiryOf } from '../readiness/inquiry.ts'

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
