/**
 * Random programs, by fast-check: scenarios without expectations. What is drawn says which of the descriptors that are
 * open by then a step is about, and only then, when it is known which are, it is made a step: most steps must be about
 * something that is there, or programs would do little but fail.
 *
 * A seed gives the same programs everywhere: what is drawn depends on nothing but the seed and fast-check, whose version
 * is fixed.
 */
import fc from 'fast-check'
import type { Language } from '../scenarios/language.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { descriptorDraws } from './generate/descriptors.ts'
import type { Draws } from './generate/draw.ts'
import { epollDraws } from './generate/epoll.ts'
import { Names } from './generate/names.ts'
import { pollerDraws } from './generate/pollers.ts'

/** How many steps are drawn at the most. */
const MOST_STEPS = 60

/** So many programs come of one seed of fast-check: those of any chunk can be had without all that come before. */
export const CHUNK = 64

const languages: Readonly<Record<Language, readonly Draws[]>> = {
  epoll: [...descriptorDraws, ...epollDraws],
  portable: [...descriptorDraws, ...pollerDraws],
}

function programsIn(language: Language): fc.Arbitrary<ScenarioStep[]> {
  const drawn = fc.oneof(...languages[language])
  return fc.array(drawn, { minLength: 1, maxLength: MOST_STEPS, size: 'max' }).map((draws) => {
    const names = new Names(language)
    return draws.flatMap((draw) => draw(names))
  })
}

const arbitraries: Readonly<Record<Language, fc.Arbitrary<ScenarioStep[]>>> = {
  epoll: programsIn('epoll'),
  portable: programsIn('portable'),
}

/** A chunk of the programs of a seed: those from `chunk * CHUNK` on. */
export function programsOf(language: Language, seed: number, chunk: number): (readonly ScenarioStep[])[] {
  return fc.sample(arbitraries[language], { seed: seedOf(seed, chunk), numRuns: CHUNK })
}

/** One program of a seed. */
export function programOf(language: Language, seed: number, index: number): readonly ScenarioStep[] {
  return programsOf(language, seed, Math.floor(index / CHUNK))[index % CHUNK] ?? []
}

/** A seed of fast-check, which is a whole number of 32 bits, for a part of the programs of a seed (splitmix32). */
function seedOf(seed: number, chunk: number): number {
  let mixed = (seed + Math.imul(chunk + 1, 0x9e3779b9)) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}
