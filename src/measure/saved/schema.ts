/** The JSON Schema (draft 7) of a saved bench report, published as schemas/bench.schema.json. */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { atLeastOne, count, draft7, environment, name, startedAt, text, tool } from '../../saved/parts.ts'
import type { DeepReadonly } from '../../saved/parts.ts'

export const BENCH_SCHEMA = 'evloop/bench@1'

/** 31 years. No duration is longer, so nothing that is computed from durations overflows. */
const LONGEST_NS = 1e18

const durationNs = Type.Number({ minimum: 0, maximum: LONGEST_NS })
/** What ratios are taken of. */
const positiveNs = Type.Number({ exclusiveMinimum: 0, maximum: LONGEST_NS })
/** A difference of durations, or what a fit makes of durations. */
const signedNs = Type.Number({ minimum: -LONGEST_NS, maximum: LONGEST_NS })
const ratio = Type.Number({ exclusiveMinimum: 0, maximum: LONGEST_NS })
const p = Type.Number({ minimum: 0, maximum: 1 })
/** null where the machine does not tell. */
const nullableNumber = Type.Unsafe<number | null>({
  type: ['number', 'null'],
  minimum: 0,
  maximum: LONGEST_NS,
})

const verdict = Type.Enum(['faster', 'slower', 'same', 'inconclusive'])
const comparison = { value: ratio, ci95: Type.Tuple([ratio, ratio]), p, verdict }

/** What a figure is of. */
const subject = {
  workload: name,
  variant: Type.Optional(name),
  backend: name,
  fds: count,
}

const events = Type.Object({
  expected: count,
  seen: count,
  duplicate: count,
  spurious: count,
  lost: count,
})

const percentiles = Type.Object({
  p50Ns: durationNs,
  p90Ns: durationNs,
  p99Ns: durationNs,
  p999Ns: durationNs,
  maxNs: durationNs,
})

const result = Type.Object({
  ...subject,
  active: count,
  driver: name,
  cycles: count,
  rounds: atLeastOne,
  samples: count,
  eventsPerCycle: atLeastOne,
  callsPerCycle: Type.Number({ minimum: 0, maximum: LONGEST_NS }),
  ...percentiles.properties,
  minNs: durationNs,
  meanNs: durationNs,
  medianNs: positiveNs,
  ci95Ns: Type.Tuple([positiveNs, positiveNs]),
  roundNs: Type.Array(positiveNs, { minItems: 1 }),
  opsPerSecond: Type.Number({ minimum: 0, maximum: LONGEST_NS }),
  cpuNs: durationNs,
  taxNs: durationNs,
  outliers: Type.Object({ mild: count, severe: count }),
  drift: Type.Optional(Type.Number({ minimum: -1, maximum: 1 })),
  events,
  ratio: Type.Optional(Type.Object({ to: name, ...comparison })),
  difference: Type.Optional(
    Type.Object({
      to: name,
      ns: signedNs,
      ci95Ns: Type.Tuple([signedNs, signedNs]),
    }),
  ),
  herd: Type.Optional(
    Type.Object({
      threads: count,
      pollers: count,
      wokenMin: count,
      wokenMedian: durationNs,
      wokenMax: count,
      firstNs: durationNs,
      lastNs: durationNs,
    }),
  ),
  libevent: Type.Optional(Type.Object({ writes: count, runsUs: Type.Array(durationNs), passes: durationNs })),
  pool: Type.Optional(Type.Object({ threads: count, jobs: count, stolen: count })),
})

export const benchSchema = Type.Object(
  {
    schema: Type.Literal(BENCH_SCHEMA),
    tool,
    environment,
    startedAt,
    durationMs: durationNs,
    settings: Type.Object({
      fds: Type.Array(count),
      active: Type.Optional(count),
      eventsPerWait: atLeastOne,
      trigger: name,
      source: name,
      writes: count,
      rateHz: durationNs,
      cpus: Type.Array(count),
      quick: Type.Boolean(),
    }),
    driver: Type.Object({ name, reason: text, process: Type.Optional(name) }),
    seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    clock: Type.Object({ costNs: durationNs, stepNs: durationNs }),
    timerSlackNs: durationNs,
    // The line that is fitted to it may slope down where next to nothing is measured.
    callTax: Type.Object({ baseNs: signedNs, perArgumentNs: signedNs }),
    results: Type.Array(result),
    openLoop: Type.Array(
      Type.Object({
        workload: name,
        variant: Type.Optional(name),
        backend: name,
        rateHz: durationNs,
        signals: count,
        timerSlackNs: durationNs,
        corrected: percentiles,
        uncorrected: percentiles,
      }),
    ),
    control: Type.Array(
      Type.Object({ ...subject, ...comparison, floor: Type.Number({ minimum: 0, maximum: LONGEST_NS }) }),
    ),
    scaling: Type.Array(
      Type.Object({
        workload: name,
        variant: Type.Optional(name),
        backend: name,
        nsPerFd: signedNs,
        ci95: Type.Tuple([signedNs, signedNs]),
        baseNs: signedNs,
        growth: ratio,
      }),
    ),
    crossovers: Type.Array(
      Type.Object({
        workload: name,
        variant: Type.Optional(name),
        below: name,
        above: name,
        fds: Type.Number({ minimum: 0, maximum: LONGEST_NS }),
      }),
    ),
    gaps: Type.Array(
      Type.Object({
        ...subject,
        outcome: Type.Enum(['unsupported', 'failed']),
        reason: text,
        events: Type.Optional(events),
      }),
    ),
    noise: Type.Object({
      pressureUs: nullableNumber,
      stealMs: nullableNumber,
      throttledMs: nullableNumber,
      throttlings: nullableNumber,
      voluntaryContextSwitches: count,
      involuntaryContextSwitches: count,
      loadAverage: Type.Tuple([durationNs, durationNs]),
      spoiltRounds: count,
    }),
    // A comparison report, of `bench --baseline`. Nothing is read from it.
    baseline: Type.Optional(Type.Unknown()),
    interrupted: Type.Optional(Type.Literal(true)),
  },
  {
    $schema: draft7,
    title: 'evloop bench report',
    description: 'What `evloop bench --format json` writes. Durations of cycles are nanoseconds.',
  },
)

/** A bench report as it is read from a file: a `BenchReport` is one, and those of newer versions are too. */
export type SavedReport = DeepReadonly<Static<typeof benchSchema>>
export type SavedResult = SavedReport['results'][number]
