/** What is drawn of a step: everything but which descriptors it is about, which only the steps before it can tell. */
import fc from 'fast-check'
import type { ScenarioStep } from '../../scenarios/schema.ts'
import type { Names } from './names.ts'

/** Makes a step, and where something must be there first, the steps that make it, of what was drawn. */
type Draw = (names: Names) => ScenarioStep[]

/** Draws of one kind, and how often they come. */
export type Draws = fc.WeightedArbitrary<Draw>

/** Which of several, by a number that is larger than there are; or, rarely, anything. */
export interface Pick {
  readonly pick: number
  readonly anything: boolean
}

export const pick: fc.Arbitrary<Pick> = fc.record({
  pick: fc.nat(1000),
  anything: fc.integer({ min: 0, max: 24 }).map((drawn) => drawn === 24),
})

/** Draws of a record, made a step. */
export function draws<T>(
  weight: number,
  fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> },
  make: (names: Names, drawn: T) => ScenarioStep | ScenarioStep[],
): Draws {
  const arbitrary = fc.record(fields as { [K in keyof T]: fc.Arbitrary<T[K]> }) as fc.Arbitrary<T>
  return {
    weight,
    arbitrary: arbitrary.map((drawn) => (names: Names) => [
      ...names.makeRoom(),
      ...[make(names, drawn)].flat(),
    ]),
  }
}

/** Something that comes so often of a hundred times, or not. */
export const often = (percent: number): fc.Arbitrary<boolean> =>
  fc.integer({ min: 0, max: 99 }).map((drawn) => drawn >= 100 - percent)

export const oneOf = <const T extends readonly (string | number)[]>(...values: T): fc.Arbitrary<T[number]> =>
  fc.constantFrom(...values)

/** The names of bits, each as often as it says, joined. */
export function maskOf(bits: Readonly<Record<string, number>>): fc.Arbitrary<string> {
  const each = Object.entries(bits).map(([name, percent]) => often(percent).map((is) => (is ? [name] : [])))
  return fc.tuple(...each).map((names) => names.flat().join('|') || '0')
}
