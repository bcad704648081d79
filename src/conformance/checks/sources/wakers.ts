import type { BackendName } from '../../../backends/index.ts'
import {
  blocked,
  closeAll,
  counter,
  eventfd,
  join,
  pipe,
  read,
  signal,
  socketpair,
  thread,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import type { Name, Step } from '../../steps.ts'
import { settime, settleReady, timerfd } from '../../steps/sources.ts'
import { readInterest } from './asking.ts'

/** What loops wake themselves with. */
interface WakerKind {
  readonly make: Step
  /** What the loop waits for. */
  readonly fd: Name
  readonly wake: readonly Step[]
  /** Takes back however many wakes there were. */
  readonly drain: Step
}

const kinds: readonly WakerKind[] = [
  { make: pipe('r', 'w'), fd: 'r', wake: [write('w', 1)], drain: read('r', 64, 3) },
  { make: eventfd('e'), fd: 'e', wake: [signal('e')], drain: counter('e', '3') },
  { make: socketpair('a', 'b'), fd: 'a', wake: [write('b', 1)], drain: read('a', 64, 3) },
  {
    make: timerfd('t'),
    fd: 't',
    wake: [settime('t', 0.001), settleReady('t', 'IN')],
    drain: counter('t', '1'),
  },
]

export const wakerChecks: readonly Check[] = [
  classicCheck({
    id: 'waker.kinds-equal',
    statement:
      'A pipe, an eventfd, a socket pair and a timer wake a loop that is blocked, many wakes are one event, and none is left when they were read.',
    kind: 'thread',
    threads: 1,
    source: 'mio; libuv; polling',
    steps: (backend) => kinds.flatMap((kind) => wakings(backend, kind)),
  }),
]

/** Wakes a loop that is blocked, and one that is not, three times in all before each look. */
function wakings(backend: BackendName, { make, fd, wake, drain: drainAll }: WakerKind): Step[] {
  const { watch, ask } = readInterest(backend, fd)
  return [
    make,
    ...watch,
    ask(false),
    thread('loop', ask(true, WOKEN.timeoutMs)),
    blocked('loop'),
    ...wake,
    join('loop'),
    ...wake,
    ...wake,
    ask(true),
    ask(true),
    drainAll,
    ask(false),
    ...wake,
    ...wake,
    ...wake,
    ask(true, WOKEN.timeoutMs),
    drainAll,
    ask(false, 5),
    closeAll(),
  ]
}
