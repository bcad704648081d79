/**
 * The JSON Schema (draft 7) of scenarios, published under schemas/, and the types that come of it. A scenario is a list
 * of steps as data: what is made, what is done to it, and what a wait is asked; and what each must give, where it says
 * so. It speaks one of two languages: epoll's own calls (`epoll`, `epoll_ctl`, `epoll_wait`), for what speaks epoll, or
 * the portable contract of a Poller (`poller`, `add`, `modify`, `remove`, `wake`, `wait`), for every backend.
 */
import { Type } from 'typebox'
import type { Static, TProperties } from 'typebox'
import { backendNames } from '../../backends/index.ts'
import { draft7, name as title, text } from '../../saved/parts.ts'
import type { DeepReadonly } from '../../saved/parts.ts'
import { LONGEST_WAIT_MS, MOST_BYTES, MOST_EVENTS, MOST_STEPS, SCENARIO_SCHEMA } from './limits.ts'

const name = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,39}$',
  description: 'a name of letters, digits, _, . and -, with no digit first, of at most 40',
})
/** A descriptor that a step has made, or a number: -1 is no descriptor. */
const descriptor = Type.Union([name, Type.Integer({ minimum: -1, maximum: -1 })], {
  description: 'the name of a descriptor, or -1 for none',
})
const bytes = Type.Integer({ minimum: 0, maximum: MOST_BYTES })
const timeoutMs = Type.Optional(
  Type.Number({ minimum: 0, maximum: LONGEST_WAIT_MS, description: 'How long it may wait. Default: 0.' }),
)
const mask = Type.String({
  pattern: '^[A-Z0-9a-fx]+(\\|[A-Z0-9a-fx]+)*$',
  description: 'bits by their names without prefix, joined by |: IN|OUT|ET; 0 for none',
})
const label = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 60,
    description: 'What its events are called. Default: the name of the descriptor.',
  }),
)
const room = Type.Integer({
  minimum: -1,
  maximum: MOST_EVENTS,
  description: 'For how many events there is room.',
})

/** What a step gives, in words (`EAGAIN`, `8`, `ok` for whatever is no error), or the events of a wait by their labels. */
const expected = Type.Union([text, Type.Integer(), Type.Record(Type.String(), text)], {
  description: 'a text, a whole number, or the events of a wait: label to mask, in any order',
})

/** What every step may have besides. */
const common = {
  expect: Type.Optional(expected),
  expectOn: Type.Optional(
    Type.Partial(Type.Object(Object.fromEntries(backendNames.map((backend) => [backend, expected]))), {
      additionalProperties: false,
      description: 'What it gives instead on some backends.',
    }),
  ),
  note: Type.Optional(Type.String({ maxLength: 400, description: 'What is worth knowing of this step.' })),
}

const step = <const Op extends string, P extends TProperties>(op: Op, properties: P) =>
  Type.Object({ op: Type.Literal(op), ...properties, ...common }, { additionalProperties: false })

const interest = Type.String({
  pattern: '^(READ|WRITE|PRIORITY)(\\|(READ|WRITE|PRIORITY))*$',
  description: 'READ, WRITE and PRIORITY, joined by |',
})
const registration = {
  poller: name,
  fd: descriptor,
  interest,
  trigger: Type.Optional(Type.Enum(['level', 'edge', 'oneshot', 'edge-oneshot'])),
  label,
}

/** Every kind of step, by its operation. */
export const stepSchemas = {
  pipe: step('pipe', {
    read: name,
    write: name,
    packets: Type.Optional(Type.Boolean({ description: 'O_DIRECT: each write is read by itself.' })),
  }),
  socketpair: step('socketpair', { a: name, b: name, type: Type.Enum(['stream', 'dgram', 'seqpacket']) }),
  eventfd: step('eventfd', {
    as: name,
    initial: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xfffffffe })),
    semaphore: Type.Optional(Type.Boolean()),
  }),
  fifo: step('fifo', {
    as: name,
    mode: Type.Enum(['read', 'write', 'both'], {
      description: 'How the one FIFO of the scenario is opened.',
    }),
  }),
  timerfd: step('timerfd', { as: name }),
  timer: step('timer', {
    fd: descriptor,
    afterMs: Type.Number({ minimum: 0, maximum: LONGEST_WAIT_MS, description: '0 disarms it.' }),
    everyMs: Type.Optional(Type.Number({ minimum: 0, maximum: LONGEST_WAIT_MS })),
  }),
  expire: step('expire', { fd: descriptor }),
  sleep: step('sleep', { ms: Type.Number({ minimum: 0, maximum: LONGEST_WAIT_MS }) }),
  write: step('write', { fd: descriptor, bytes }),
  read: step('read', { fd: descriptor, bytes }),
  peek: step('peek', { fd: descriptor, bytes }),
  shutdown: step('shutdown', { fd: descriptor, how: Type.Enum(['RD', 'WR', 'RDWR']) }),
  close: step('close', { fd: descriptor }),
  dup: step('dup', { fd: descriptor, as: name }),
  dup2: step('dup2', { fd: descriptor, to: descriptor }),
  resize: step('resize', { fd: descriptor, bytes }),
  'send-buffer': step('send-buffer', { fd: descriptor, bytes }),
  error: step('error', { fd: descriptor }),
  poll: step('poll', { fd: descriptor, events: mask }),
  epoll: step('epoll', { as: name }),
  epoll_ctl: step('epoll_ctl', {
    ep: descriptor,
    command: Type.Enum(['ADD', 'MOD', 'DEL']),
    fd: descriptor,
    events: Type.Optional(mask),
    label,
  }),
  epoll_wait: step('epoll_wait', { ep: descriptor, max: Type.Optional(room), timeoutMs }),
  poller: step('poller', { as: name }),
  add: step('add', registration),
  modify: step('modify', registration),
  remove: step('remove', { poller: name, fd: descriptor }),
  wake: step('wake', { poller: name }),
  wait: step('wait', {
    poller: name,
    capacity: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_EVENTS })),
    timeoutMs,
  }),
} as const

type Schemas = typeof stepSchemas
export type StepName = keyof Schemas

/** The step of an operation. */
export type ScenarioStepOf<Op extends StepName> = Op extends StepName
  ? DeepReadonly<Static<Schemas[Op]>>
  : never
export type ScenarioStep = ScenarioStepOf<StepName>

/** What a step must give. */
export type ExpectedGiven = DeepReadonly<Static<typeof expected>>

/** A scenario without its steps: `steps.ts` holds each step against the schema of its own operation. */
export const headSchema = Type.Object(
  {
    schema: Type.Literal(SCENARIO_SCHEMA),
    name: title,
    description: Type.Optional(text),
    source: Type.Optional(Type.String({ maxLength: 1000, description: 'Where it is said, or was found.' })),
    backends: Type.Optional(
      Type.Array(Type.Enum(backendNames), {
        minItems: 1,
        description: 'Those that it runs on where nobody names one. Default: all that it can run on.',
      }),
    ),
    steps: Type.Array(Type.Object({ op: Type.String() }), {
      minItems: 1,
      maxItems: MOST_STEPS,
    }),
  },
  { additionalProperties: false },
)

/** The whole, as it is published. */
export const scenarioSchema = Type.Object(
  {
    ...headSchema.properties,
    steps: Type.Array(Type.Union(Object.values(stepSchemas)), { minItems: 1, maxItems: MOST_STEPS }),
  },
  { $schema: draft7, title: 'A scenario of evloop', additionalProperties: false },
)

export type Scenario = DeepReadonly<Omit<Static<typeof headSchema>, 'steps'>> & {
  readonly steps: readonly ScenarioStep[]
}
