import { describe, expect, it } from 'vitest'
import { problemOf } from '../../../saved/problem.ts'
import { closed } from '../../../testing/closed-schema.ts'
import { runReport, scenarioReport } from '../../../testing/run-reports.ts'
import { scenarioSchema } from '../schema.ts'
import { runSchema } from './schema.ts'
import type { SavedRunReport } from './schema.ts'

describe('the schemas of run', () => {
  it.each([
    ['run', runSchema],
    ['scenario', scenarioSchema],
  ])('are the published files: %s', async (name, schema) => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
      `../../../../schemas/${name}.schema.json`,
    )
  })

  it('are kept by reports, and know every field of them', () => {
    // The compiler holds the types to each other.
    const saved: SavedRunReport = runReport([scenarioReport], { interrupted: true })
    expect(problemOf(runSchema, saved)).toBeUndefined()
    // `on` is by backend, so the record of cells is open by nature.
    expect(problemOf(closed(runSchema), saved)).toBeUndefined()
    expect(problemOf(closed(runSchema), { ...saved, extra: 1 })).toContain('extra')
  })
})
