/** Draws of what speaks the portable contract of a Poller. */
import fc from 'fast-check'
import type { ScenarioStep } from '../../scenarios/schema.ts'
import { draws, oneOf, pick } from './draw.ts'
import type { Draws } from './draw.ts'
import { sources } from './names.ts'
import type { Names } from './names.ts'

const MOST_POLLERS = 3

const poller = fc.nat(1000)
const interest = oneOf('READ', 'READ', 'READ', 'WRITE', 'WRITE', 'READ|WRITE', 'READ|WRITE', 'READ|PRIORITY')
const trigger = oneOf('level', 'level', 'level', 'edge', 'edge', 'oneshot', 'edge-oneshot')

/** What must be there before a Poller is used. */
const needPoller = (names: Names): ScenarioStep[] =>
  names.pollerCount === 0 ? [{ op: 'poller', as: names.makePoller() }] : []

export const pollerDraws: readonly Draws[] = [
  draws(1, { poller }, (names, drawn) =>
    names.pollerCount < MOST_POLLERS
      ? { op: 'poller', as: names.makePoller() }
      : { op: 'wake', poller: names.choosePoller(drawn.poller) },
  ),
  draws(
    28,
    {
      poller,
      fd: pick,
      op: oneOf('add', 'add', 'add', 'add', 'modify', 'modify', 'remove'),
      interest,
      trigger,
    },
    (names, { poller: drawn, fd, op, ...given }) => {
      const first = [...needPoller(names), ...names.need(sources)]
      const at = { poller: names.choosePoller(drawn), fd: names.choose(fd, sources) }
      if (op === 'remove') return [...first, { op, ...at }]
      return [...first, { op, ...at, ...given, label: names.label(at.fd) }]
    },
  ),
  draws(2, { poller }, (names, drawn) => [
    ...needPoller(names),
    { op: 'wake', poller: names.choosePoller(drawn.poller) },
  ]),
  draws(28, { poller, capacity: oneOf(16, 16, 16, 16, 2, 2, 1, 1, 1, 1) }, (names, drawn) => [
    ...needPoller(names),
    { op: 'wait', poller: names.choosePoller(drawn.poller), capacity: drawn.capacity },
  ]),
]
