/**
 * The JSON Schemas (draft 7) of what `verify` writes, published under schemas/: the report, the lines of NDJSON, and
 * the expectation file.
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { count, draft7, environment, longText, name, startedAt, text, tool } from '../../saved/parts.ts'
import type { DeepReadonly } from '../../saved/parts.ts'
import { levels, outcomes } from '../check.ts'

export const VERIFY_SCHEMA = 'evloop/verify@1'
export const EXPECT_SCHEMA = 'evloop/expect@1'

/** 31 years. */
const LONGEST_MS = 1e12
const durationMs = Type.Number({ minimum: 0, maximum: LONGEST_MS })
const outcome = Type.Enum(outcomes)

/** What came of a check. */
const end = {
  outcome,
  expected: Type.Optional(longText),
  actual: Type.Optional(longText),
  step: Type.Optional(longText),
  message: Type.Optional(longText),
}

const result = {
  id: name,
  family: name,
  backend: name,
  level: Type.Enum(levels),
  ...end,
  durationMs,
  runs: Type.Optional(
    Type.Object(Object.fromEntries(outcomes.map((one) => [one, Type.Optional(count)])), {
      description: 'How often each outcome came, where the check ran several times.',
    }),
  ),
  expectedBy: Type.Optional(
    Type.Object(
      { id: name, reason: text },
      { description: 'The entry of the expectation file that says so.' },
    ),
  ),
  unexpected: Type.Optional(
    Type.Object(
      { id: name, outcome: Type.Array(outcome), reason: text },
      { description: 'The entry of the expectation file that says otherwise.' },
    ),
  ),
  there: Type.Optional(
    Type.Object(end, { description: 'How it came out on the other machine, where that is something else.' }),
  ),
}

const names = Type.Array(longText)
/** What there is to know of a run besides its results. */
const run = {
  tool,
  environment,
  startedAt,
  durationMs,
  summary: Type.Object({
    pass: count,
    fail: count,
    diverges: count,
    unsupported: count,
    broken: count,
    expected: Type.Optional(count),
    unexpected: Type.Optional(count),
  }),
  strict: Type.Optional(Type.Literal(true)),
  expectations: Type.Optional(Type.Object({ file: longText, unknown: names })),
  against: Type.Optional(
    Type.Object({
      file: longText,
      startedAt,
      environment,
      compared: count,
      differences: count,
      onlyHere: names,
      onlyThere: names,
    }),
  ),
  seed: Type.Optional(count),
  stopped: Type.Optional(Type.Literal(true)),
  interrupted: Type.Optional(Type.Literal(true)),
}

export const verifySchema = Type.Object(
  { schema: Type.Literal(VERIFY_SCHEMA), ...run, results: Type.Array(Type.Object(result)) },
  {
    $schema: draft7,
    title: 'evloop verify report',
    description: 'What `evloop verify --format json` writes.',
  },
)

export const verifyResultSchema = Type.Object(
  { schema: Type.Literal('evloop/verify-result@1'), ...result },
  {
    $schema: draft7,
    title: 'evloop verify result',
    description: 'A line of `evloop verify --format ndjson`, but for the last.',
  },
)

export const verifySummarySchema = Type.Object(
  { schema: Type.Literal('evloop/verify-summary@1'), ...run },
  {
    $schema: draft7,
    title: 'evloop verify summary',
    description: 'The last line of `evloop verify --format ndjson`.',
  },
)

const expectation = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'The id of a check, the beginning of ids up to a dot, or a pattern with * and ?.',
  }),
  backend: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'Left out: on every backend.' }),
  ),
  outcome: Type.Union([outcome, Type.Array(outcome, { minItems: 1 })], {
    description: 'Several, where it differs from run to run: the reason says why.',
  }),
  reason: Type.String({ minLength: 1, maxLength: 10_000 }),
})

export const expectSchema = Type.Object(
  {
    schema: Type.Literal(EXPECT_SCHEMA),
    about: Type.Optional(text),
    tool: Type.Optional(tool),
    madeAt: Type.Optional(startedAt),
    madeOn: Type.Optional(
      Type.Object({
        os: name,
        arch: name,
        kernel: name,
        libc: name,
        node: name,
        sandbox: Type.Array(name),
        library: Type.Optional(text),
      }),
    ),
    expectations: Type.Array(expectation),
  },
  {
    $schema: draft7,
    title: 'evloop expectation file',
    description:
      'What `evloop verify --expect` takes: results other than passing that are known, with the reason of each.',
  },
)

/** A verify report as it is read from a file: a `VerifyReport` is one, and those of newer versions are too. */
export type SavedVerifyReport = DeepReadonly<Static<typeof verifySchema>>
export type SavedVerifyResult = SavedVerifyReport['results'][number]

/** An expectation file. */
export type ExpectationFile = DeepReadonly<Static<typeof expectSchema>>
export type Expectation = ExpectationFile['expectations'][number]
