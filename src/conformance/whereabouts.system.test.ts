import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Whereabouts, whereaboutsWriter } from './whereabouts.ts'
import type { Pointer } from '../libc/signatures.ts'
import type { Place } from './whereabouts.ts'

const libc = openLibc()
const withoutMaps: Libc = { ...libc, fn: { ...libc.fn, mmap: () => -1 as Pointer } }

describe.each([
  ['that are shared memory', libc],
  ['in a file, where it cannot be mapped', withoutMaps],
])('whereabouts %s', (_, child) => {
  let whereabouts: Whereabouts
  let write: (place: Place) => void
  beforeEach(() => {
    const opened = Whereabouts.open()
    if (opened === undefined) throw new Error('there is no place for files')
    whereabouts = opened
    write = whereaboutsWriter(child, opened.fd)
  })
  afterEach(() => whereabouts.close())

  it('are unknown before anything was said', () => {
    expect(whereabouts.read()).toBeUndefined()
  })

  it('are what was said last, also where it is shorter than what was said before', () => {
    write({ check: 12, step: 'step 3: a long description of what is done' })
    expect(whereabouts.read()).toEqual({ check: 12, step: 'step 3: a long description of what is done' })
    write({ check: 13, step: '' })
    expect(whereabouts.read()).toEqual({ check: 13, step: '' })
    write({ check: 13, step: 'step 1: ü' })
    expect(whereabouts.read()).toEqual({ check: 13, step: 'step 1: ü' })
  })

  it('are cut off where they are long', () => {
    write({ check: 1, step: 'ü'.repeat(2000) })
    const { check, step } = whereabouts.read() ?? { check: -1, step: '' }
    expect(check).toBe(1)
    expect(step).toMatch(/^ü{400,600}$/)
  })
})
