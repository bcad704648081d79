/**
 * Makes a program that shows something as short as can be found without trying everything. First pieces are left out,
 * the largest first, until no single step can be; then two at a time, and steps that make something of which another one
 * would do; and at last what the steps are given is made plain.
 */
import { namesMadeBy } from '../scenarios/names.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'

type Program = readonly ScenarioStep[]

/** Asks whether a program still shows it, and is told. */
type Questions<T> = Generator<Program, T, boolean>

/** Programs that are this short are also tried without any two of their steps, which takes the square of that. */
const FEW = 24

/** A shorter program of which `fails` still holds, as it must of the one that is given. */
export function shrink(program: Program, fails: (candidate: Program) => boolean): Program {
  const questions = shrinking(program)
  let asked = questions.next()
  while (asked.done !== true) asked = questions.next(fails(asked.value))
  return asked.value
}

/**
 * The candidate that a question is about, where it is known of all questions before it whether the answer was yes: what
 * is asked next depends on nothing else.
 */
export function candidateAt(program: Program, question: number, yes: ReadonlySet<number>): Program {
  const questions = shrinking(program)
  let asked = questions.next()
  for (let i = 0; i < question && asked.done !== true; i++) asked = questions.next(yes.has(i))
  return asked.value
}

function* shrinking(program: Program): Questions<Program> {
  let best = yield* withoutPieces(program)
  for (;;) {
    const shorter = (yield* firstOf(candidates(best))) ?? (yield* firstOf(plainer(best)))
    if (shorter === undefined) return best
    best = shorter.length < best.length ? yield* withoutPieces(shorter) : shorter
  }
}

function* firstOf(all: Iterable<Program>): Questions<Program | undefined> {
  for (const candidate of all) if (yield candidate) return candidate
  return undefined
}

function* withoutPieces(program: Program): Questions<Program> {
  let best = program
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let isShorter: boolean
    do {
      isShorter = false
      // From the end: what comes last depends on more, and less depends on it.
      for (let at = best.length - size; at >= 0; at--) {
        const candidate = best.toSpliced(at, size)
        if (!(yield candidate)) continue
        best = candidate
        isShorter = true
      }
    } while (isShorter)
  }
  return best
}

/** Shorter programs that may do the same, where no single step can be left out. */
function* candidates(program: Program): Generator<Program, void, void> {
  if (program.length > FEW) return
  for (let i = 0; i < program.length; i++) {
    for (let k = 0; k < i; k++) yield program.toSpliced(i, 1).toSpliced(k, 1)
  }
  const all = program.flatMap(namesMadeBy)
  for (const [i, maker] of program.entries()) {
    for (const name of namesMadeBy(maker)) {
      for (const other of all) {
        if (other !== name) yield program.toSpliced(i, 1).map((step) => renamed(step, name, other))
      }
    }
  }
}

/** Programs of the same length with steps that are given less. */
function* plainer(program: Program): Generator<Program, void, void> {
  for (const [i, step] of program.entries()) {
    for (const plain of plainerSteps(step)) yield program.with(i, plain)
  }
}

/** What is plain, of what else may be. */
const PLAIN_BYTES = [1, 8]

function* plainerSteps(step: ScenarioStep): Generator<ScenarioStep, void, void> {
  for (const field of ['events', 'interest'] as const) {
    const bits = fieldOf(step, field)?.split('|') ?? []
    if (bits.length < 2) continue
    for (const bit of bits)
      yield { ...step, [field]: bits.filter((one) => one !== bit).join('|') } as ScenarioStep
  }
  if ('bytes' in step) {
    for (const bytes of PLAIN_BYTES) if (bytes < step.bytes) yield { ...step, bytes }
  }
  for (const field of ['max', 'capacity', 'trigger', 'initial', 'packets', 'semaphore']) {
    if (!(field in step)) continue
    const { [field]: _, ...rest } = step as unknown as Readonly<Record<string, unknown>>
    yield rest as unknown as ScenarioStep
  }
}

function fieldOf(step: ScenarioStep, field: string): string | undefined {
  const value: unknown = Reflect.get(step, field)
  return typeof value === 'string' ? value : undefined
}

/** The same step, about another descriptor. */
function renamed(step: ScenarioStep, from: string, to: string): ScenarioStep {
  const entries = Object.entries(step).map(([key, value]: [string, unknown]) => [
    key,
    key !== 'op' && value === from ? to : value,
  ])
  return Object.fromEntries(entries) as ScenarioStep
}
