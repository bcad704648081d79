import { add, close, dup, epoll, eventfd, pipe, signal, socketpair, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import type { Name, StepOf, WaitOptions } from '../../steps.ts'

/** epoll_pwait and epoll_pwait2 beside epoll_wait. */
export const siblings: readonly Check[] = waitChecks({
  id: 'epoll.abi.same-answers',
  statement:
    'Every function that waits says the same of the same epoll: data, masks, room, edges, one-shots, and what it refuses.',
  kind: 'det',
  source: 'epoll_wait(2); measured',
  why: 'Libraries choose among these functions by what the system has. Whoever builds epoll anew builds each by itself, and tests one.',
  backends: ['epoll'],
  run(machine, fn) {
    const waitBy = waiterBy(fn)
    machine.run(
      epoll('ep'),
      eventfd('e', 1),
      pipe('r', 'w'),
      pipe('broken', 'end'),
      socketpair('a', 'b'),
      waitBy('ep', {}),
      waitBy('ep', {}, { timeoutMs: 2 }),
      add('ep', 'e', 'IN|OUT|ET'),
      add('ep', 'r', 'IN|RDHUP'),
      add('ep', 'broken', '0'),
      add('ep', 'a', 'IN|OUT|ONESHOT'),
      close('end'),
      write('b', 1),
      waitBy('ep', { e: 'IN|OUT', broken: 'HUP', a: 'IN|OUT' }),
      waitBy('ep', { broken: 'HUP' }),
      waitBy('ep', { broken: 'HUP' }, { max: 1 }),
      signal('e'),
      write('w', 1),
      waitBy('ep', { e: 'IN|OUT', r: 'IN', broken: 'HUP' }, { max: 3, timeoutMs: 1000 }),
      waitBy('ep', { r: 'IN', broken: 'HUP' }, { max: 3, timeoutMs: 1000 }),
      dup('ep', 'again'),
      waitBy('again', { r: 'IN', broken: 'HUP' }),
      close('again'),
    )
    for (const timeoutMs of [0, 5]) {
      machine.run(
        waitBy('ep', 'EINVAL', { max: 0, timeoutMs }),
        waitBy('ep', 'EINVAL', { max: -1, timeoutMs }),
        ...['r', 'a', 'e'].map((name) => waitBy(name, 'EINVAL', { timeoutMs })),
      )
    }
    // What was refused has taken nothing.
    machine.run(
      signal('e'),
      waitBy('ep', 'EINVAL', { max: 0 }),
      waitBy('ep', { e: 'IN|OUT', r: 'IN', broken: 'HUP' }),
    )
  },
})

type WaitBy = (
  ep: Name,
  expect: StepOf<'epoll.wait'>['expect'],
  options?: WaitOptions,
) => StepOf<'epoll.wait'>

/** `wait`, by a function. */
function waiterBy({ name }: WaitFunction): WaitBy {
  const by = name === 'epoll_pwait' || name === 'epoll_pwait2' ? { by: name } : {}
  return (ep, expect, options) => wait(ep, expect, { ...options, ...by })
}
