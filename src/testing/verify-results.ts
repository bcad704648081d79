import type { JudgedResult } from '../conformance/report.ts'
import { checkResult } from './reports.ts'

/** A result of every kind that a format of `verify` has to show. */
export const everyVerdict: readonly JudgedResult[] = [
  checkResult(),
  checkResult({ id: 'loop.wake', family: 'loop', backend: 'poll', message: '1000 rounds', durationMs: 12.5 }),
  checkResult({
    id: 'epoll.lt.two-fds',
    outcome: 'fail',
    expected: 'r1 IN, r2 IN',
    actual: 'r1 IN',
    step: 'step 8: epoll.wait ep ep',
    durationMs: 1234.5678,
  }),
  checkResult({
    id: 'epoll.lt.band-bits',
    level: 'quirk',
    outcome: 'diverges',
    expected: 'r RDNORM',
    actual: 'r IN|RDNORM',
    step: 'step 8: epoll.wait ep ep',
  }),
  checkResult({
    id: 'epoll.lt.rcvlowat',
    outcome: 'broken',
    step: 'step 1: tcp client c, server s',
    message: 'Error: no\n    at x',
  }),
  checkResult({
    id: 'poller.large-fd',
    family: 'poller',
    outcome: 'unsupported',
    message: 'no room, 100 % full',
  }),
  {
    ...checkResult({ id: 'epoll.lt.basic-out', outcome: 'fail', expected: 'w OUT', actual: 'nothing' }),
    expectedBy: { id: 'epoll.lt.basic-*', reason: 'pipes are never writable here: #1 | `x`' },
  },
  {
    ...checkResult({ id: 'epoll.lt.partial-drain' }),
    unexpected: { id: 'epoll.lt.partial-drain', outcome: ['fail'], reason: 'it was broken in 1.0' },
  },
]
