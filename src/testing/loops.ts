/** Events of loops, in a form that tests compare. */
import { createEvents } from '../loop/event-loop.ts'
import type { EventLoop, LoopEvent } from '../loop/event-loop.ts'

/** The events of one `wait`, by descriptor and token. */
export function loopEvents(
  loop: EventLoop,
  options: { readonly room?: number; readonly timeoutMs?: number } = {},
): LoopEvent[] {
  const { room = 64, timeoutMs = 0 } = options
  const events = createEvents(room)
  const n = loop.wait(events, timeoutMs)
  return events.slice(0, n).toSorted((a, b) => a.fd - b.fd || (a.token < b.token ? -1 : 1))
}

/** An event with these properties, and otherwise the one that nothing has happened to. */
export function loopEvent(properties: Partial<LoopEvent>): LoopEvent {
  return {
    fd: -1,
    token: 0n,
    readable: false,
    writable: false,
    eof: false,
    error: false,
    user: false,
    bytes: null,
    ...properties,
  }
}
