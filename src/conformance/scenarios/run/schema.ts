/** The JSON Schema (draft 7) of what `run` reports, published under schemas/. */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { count, draft7, environment, name, startedAt, text, tool } from '../../../saved/parts.ts'
import type { DeepReadonly } from '../../../saved/parts.ts'
import { cellOutcomes } from './report.ts'

/** 31 years. */
const LONGEST_MS = 1e12

const cell = Type.Object({
  outcome: Type.Enum(cellOutcomes, {
    description:
      'met: it gave what it must; unmet: it gave something else; open: nothing is expected; ended: the process ' +
      'crashed or hung in it; missing: it was not made.',
  }),
  given: Type.Optional(text),
  expected: Type.Optional(text),
  events: Type.Optional(
    Type.Array(Type.Tuple([text, text]), {
      description: 'The events of a wait, each a label and a mask, in the order in which they came.',
    }),
  ),
})

const scenario = Type.Object({
  file: text,
  name,
  description: Type.Optional(text),
  source: Type.Optional(text),
  language: Type.Enum(['epoll', 'portable']),
  columns: Type.Array(
    Type.Object({
      backend: name,
      made: Type.Integer({ minimum: 0, description: 'How many of the steps it made.' }),
      reason: Type.Optional(
        Type.String({ description: 'Why it made no more, or none, through no fault of its own.' }),
      ),
      cause: Type.Optional(Type.String({ description: 'What ended its process: a finding.' })),
    }),
  ),
  steps: Type.Array(
    Type.Object({
      op: name,
      text,
      note: Type.Optional(text),
      on: Type.Record(Type.String(), cell, { description: 'What it gave, by backend.' }),
      differs: Type.Optional(
        Type.Literal(true, { description: 'Backends gave different things, and nothing is expected.' }),
      ),
    }),
  ),
})

export const runSchema = Type.Object(
  {
    schema: Type.Literal('evloop/run@1'),
    tool,
    environment,
    startedAt,
    durationMs: Type.Number({ minimum: 0, maximum: LONGEST_MS }),
    scenarios: Type.Array(scenario),
    summary: Type.Object({
      ...Object.fromEntries(cellOutcomes.map((outcome) => [outcome, count])),
      differs: count,
      crashed: count,
      unable: count,
    }),
    interrupted: Type.Optional(Type.Literal(true)),
  },
  {
    $schema: draft7,
    title: 'evloop run report',
    description: 'What `evloop run --format json` writes. Fields that are not described here may be added.',
  },
)

/** A report of `run` as its schema has it: a `RunReport` is one. */
export type SavedRunReport = DeepReadonly<Static<typeof runSchema>>
