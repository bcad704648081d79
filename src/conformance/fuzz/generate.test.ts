import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { whyNotScenario } from '../scenarios/load.ts'
import { languageOf } from '../scenarios/language.ts'
import { SCENARIO_SCHEMA } from '../scenarios/limits.ts'
import { CHUNK, programOf, programsOf } from './generate.ts'

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

describe.each(['epoll', 'portable'] as const)('programs that speak %s', (language) => {
  test('one seed gives the same again, and others give others', () => {
    const [again, other] = [programsOf(language, 1, 0), programsOf(language, 2, 0)]
    expect(programsOf(language, 1, 0)).toEqual(again)
    expect(other).not.toEqual(again)
    expect(programsOf(language, 1, 1)).not.toEqual(again)
  })

  test('one of them can be had without those before it', () => {
    expect(programOf(language, 7, CHUNK + 3)).toEqual(programsOf(language, 7, 1)[3])
  })

  test('they are scenarios in that language', () => {
    const programs = programsOf(language, 3, 0)
    for (const steps of programs) {
      const scenario = { schema: SCENARIO_SCHEMA, name: 'x', steps }
      // Who talks of what was never made is no scenario for people; nor is a program that uses nothing of its language.
      expect(whyNotScenario(scenario) ?? 'fine').toMatch(/^fine$|which no step before it makes/)
    }
    expect(programs.filter((steps) => languageOf({ steps }) === language).length).toBeGreaterThan(CHUNK / 2)
  })
})

/** The same on every machine: what changes here changes the programs of every seed that anybody has noted. */
test('the programs of a seed are known', () => {
  expect(digestOf([0, 1, 2].map((chunk) => programsOf('epoll', 1, chunk)))).toMatchInlineSnapshot(
    `"1249b7f4fd3d10edb4a96fdfe4a545a42da55fb8a0f98d8c74496817e2b19521"`,
  )
  expect(
    digestOf([0, 1, 2].map((chunk) => programsOf('portable', 4_294_967_295, chunk))),
  ).toMatchInlineSnapshot(`"94b7b0cf65f7daa7ef0c11d6650eb8b9c3a12adf0d156483750b891af90051e0"`)
})
