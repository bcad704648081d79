import { PR } from '../libc/constants/linux.ts'
import type { Libc } from '../libc/libc.ts'

/** What the kernel gives every thread by default (prctl(2), PR_SET_TIMERSLACK). */
const DEFAULT_SLACK_NS = 50_000

/** How late the kernel may wake this thread at a timeout, so that it can serve several at once. */
export function timerSlackNs(libc: Libc): number {
  const slack = libc.has('prctl') ? libc.fn.prctl(PR.GET_TIMERSLACK, 0, 0, 0, 0) : -1
  return slack > 0 ? slack : DEFAULT_SLACK_NS
}
