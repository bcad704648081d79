import type { BackendName } from '../../../backends/index.ts'
import {
  add,
  blocked,
  close,
  closeAll,
  counter,
  drain,
  epoll,
  eventfd,
  join,
  pipe,
  poll,
  select,
  signal,
  sleep,
  tcp,
  thread,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import { waitForEvents } from '../../operations/calls.ts'
import { ARRIVAL, PROMPT_MS, WOKEN } from '../../patience.ts'
import type { Name, NativeStep } from '../../steps.ts'
import { settime, timerfd } from '../../steps/sources.ts'
import { pty, slave, typeText } from '../../steps/terminals.ts'
import { readInterest } from '../sources/asking.ts'
import { classic } from '../../classic.ts'

/** What those who wait leave behind, and what they are woken by. */
export const waiting: readonly Check[] = [
  classicCheck({
    id: 'emu.stale-waiter-steals-wake',
    statement:
      'Whoever has waited and left, because the time was over or with an event, takes no wake from who waits now.',
    kind: 'thread',
    threads: 2,
    source: 'rcore-os/tgoskits#2378',
    bugs: ['rcore-os/tgoskits#2378: a waiter whose time was over stayed registered, and got the next wake'],
    steps: (backend) => {
      const { watch, ask } = readInterest(backend, 'r', 'ET')
      return [
        pipe('r', 'w'),
        ...watch,
        thread('gone', ask(false, 5)),
        join('gone'),
        ask(false, 2),
        thread('waiter', ask(true, WOKEN.timeoutMs)),
        blocked('waiter'),
        write('w', 1),
        join('waiter'),
        drain('r'),
        // One is gone with an event, and one is in the middle of its time.
        thread('gone', ask(false, 2)),
        thread('waiter', ask(true, WOKEN.timeoutMs)),
        join('gone'),
        blocked('waiter'),
        write('w', 1),
        join('waiter'),
      ]
    },
  }),
  epollCheck({
    id: 'emu.one-handler-per-object',
    statement: 'Two epolls, a poll and a select that wait for one descriptor at once all hear of it.',
    kind: 'thread',
    threads: 4,
    source: 'WASIX, where the second took the place of the first',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      epoll('ep2'),
      add('ep', 'r', 'IN|ET'),
      add('ep2', 'r', 'IN'),
      ...[1, 2].flatMap(() => [
        thread('in ep', wait('ep', { r: 'IN' }, WOKEN)),
        thread('in ep2', wait('ep2', { r: 'IN' }, WOKEN)),
        thread('in poll', poll({ r: 'IN' }, { r: 'IN' }, WOKEN.timeoutMs)),
        thread('in select', select({ r: 'r' }, { r: 'r' }, WOKEN.timeoutMs)),
        ...['in ep', 'in ep2', 'in poll', 'in select'].map(blocked),
        write('w', 1),
        ...['in ep', 'in ep2', 'in poll', 'in select'].map(join),
        drain('r'),
      ]),
      // The end of one is not the end of the others.
      close('ep'),
      thread('in ep2', wait('ep2', { r: 'IN' }, WOKEN)),
      blocked('in ep2'),
      write('w', 1),
      join('in ep2'),
    ],
  }),
  classicCheck({
    id: 'emu.sem-count-residue',
    statement:
      'Many notifications before or during a wait are one wake: when they were answered, the next wait sleeps its time.',
    kind: 'thread',
    threads: 1,
    source: 'apache/nuttx#10706',
    bugs: ['apache/nuttx#10706: the next wait returned at once, with nothing'],
    steps: (backend) =>
      [
        { make: eventfd('e'), fd: 'e', notify: signal('e'), answer: counter('e', '3') },
        { make: pipe('r', 'w'), fd: 'r', notify: write('w', 1), answer: drain('r') },
      ].flatMap(({ make, fd, notify, answer }) => {
        const { watch, ask } = readInterest(backend, fd)
        return [
          make,
          ...watch,
          notify,
          notify,
          notify,
          ask(true),
          answer,
          ask(false, 2),
          ask(false, 2),
          thread('waiter', ask(true, WOKEN.timeoutMs)),
          blocked('waiter'),
          notify,
          notify,
          notify,
          join('waiter'),
          answer,
          ask(false, 2),
          thread('waiter', ask(false, 2)),
          join('waiter'),
          closeAll(),
        ]
      }),
  }),
  classicCheck({
    id: 'emu.timeout-unit',
    statement: 'A timeout is in the unit that the manual says: 3 ms are neither microseconds nor seconds.',
    kind: 'time',
    source: 'epoll_wait(2); poll(2); select(2)',
    bugs: [
      'ArceOS: milliseconds were taken for microseconds',
      'bytecodealliance/wasm-micro-runtime#1980: the timeout was counted wrong',
    ],
    run(machine) {
      const { watch, ask } = readInterest(machine.backend, 'r')
      machine.run(pipe('r', 'w'), ...watch)
      for (const timeoutMs of [3, 9]) {
        const start = performance.now()
        machine.run(ask(false, timeoutMs))
        const tookMs = performance.now() - start
        if (tookMs > timeoutMs + PROMPT_MS) {
          throw new Failure(
            `a wait of ${timeoutMs} ms ends within ${PROMPT_MS} ms more`,
            `it took ${Math.round(tookMs)} ms`,
          )
        }
      }
    },
  }),
  classicCheck({
    id: 'emu.premature-clock-event',
    statement: 'Of two timers that are waited for at once only the one that has gone off is reported.',
    kind: 'time',
    source: 'timerfd_create(2)',
    bugs: ['wazero/wazero#2399: the clock that had not expired was reported too'],
    steps: (backend) => [
      timerfd('soon'),
      timerfd('far'),
      ...(backend === 'epoll' ? [epoll('ep'), add('ep', 'soon', 'IN'), add('ep', 'far', 'IN')] : []),
      settime('far', 3_600_000),
      settime('soon', 2),
      bothTimers(backend, 'soon', WOKEN.timeoutMs),
      bothTimers(backend, 'soon'),
      settime('soon', 3_600_000),
      settime('far', 2),
      bothTimers(backend, 'far', WOKEN.timeoutMs),
      counter('far', '1'),
      bothTimers(backend, undefined, 3),
    ],
  }),
  epollCheck({
    id: 'emu.infinite-loop-in-wait',
    statement:
      'A wait for a terminal with nothing to read ends when its time is over, and wakes up for what is typed.',
    kind: 'thread',
    threads: 1,
    source: 'rcore-os/tgoskits#557',
    bugs: ['rcore-os/tgoskits#557: a terminal woke who registered with it, which registered again, for ever'],
    steps: [
      pty('master'),
      slave('terminal', 'master'),
      epoll('ep'),
      add('ep', 'terminal', 'IN'),
      wait('ep', {}, { timeoutMs: 3 }),
      thread('waiter', wait('ep', { terminal: 'IN' }, WOKEN)),
      blocked('waiter'),
      // Half a line is nothing to read, though the terminal hears of it.
      typeText('master', 'half a line'),
      sleep(3),
      blocked('waiter'),
      typeText('master', '\n'),
      join('waiter'),
      drain('terminal'),
      wait('ep', {}, { timeoutMs: 3 }),
    ],
  }),
  epollCheck({
    id: 'emu.os-fd-starvation',
    statement:
      'An eventfd among sockets that are always readable gets its turn, however few events a wait takes.',
    level: 'de-facto',
    source: 'Mellanox/libvma#236',
    bugs: [
      'Mellanox/libvma#236: while its own sockets had data, descriptors of the system were not looked at',
    ],
    run(machine) {
      const sockets = [1, 2, 3].map((i) => [`client ${i}`, `server ${i}`] as const)
      machine.run(epoll('ep'), eventfd('e'), add('ep', 'e', 'IN'))
      for (const [client, server] of sockets) {
        machine.run(
          tcp(client, server),
          add('ep', server, 'IN'),
          write(client, 1),
          poll({ [server]: 'IN' }, { [server]: 'IN' }, ARRIVAL.timeoutMs),
        )
      }
      machine.run(signal('e'))
      // Once around takes four waits; whoever does not go around never gets there.
      const waits = 2 * (sockets.length + 1)
      machine.begin(`${waits} times epoll_wait for one event`)
      const labels = Array.from({ length: waits }, () => waitForEvents(machine, 'ep', 1, 0)).flat()
      if (labels.some(([label]) => label === 'e')) return
      throw new Failure(`e within ${waits} events`, labels.map(([label]) => label).join(', '))
    },
  }),
]

/** Waits for two timers at once. */
function bothTimers(backend: BackendName, ready: Name | undefined, timeoutMs = 0): NativeStep {
  const when = (what: string): Record<Name, string> => (ready === undefined ? {} : { [ready]: what })
  switch (classic(backend)) {
    case 'epoll':
      return wait('ep', when('IN'), { timeoutMs })
    case 'poll':
      return poll({ far: 'IN', soon: 'IN' }, when('IN'), timeoutMs)
    case 'select':
      return select({ far: 'r', soon: 'r' }, when('r'), timeoutMs)
  }
}
