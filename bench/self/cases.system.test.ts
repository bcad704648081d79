import { describe, expect, it } from 'vitest'
import { openLibc } from '../../src/libc/libc.ts'
import { hasCompiler } from '../../src/testing/compile.ts'
import { allGroups } from './cases.ts'

describe('the benchmarks of evloop itself', () => {
  it('do what they say, without a kernel, at every size', () => {
    const cases = allGroups(openLibc()).flatMap((group) => group.cases)
    for (const one of cases) {
      one.run()
      // A second time, for what the first one has prepared.
      expect(() => one.run()).not.toThrow()
    }
    for (const one of cases) one.close?.()
    expect(cases).toHaveLength(hasCompiler ? 25 : 23)
  })
})
