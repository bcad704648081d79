/** The checks of kqueue over a real one: that of the library that `EVLOOP_KQUEUE_LIB` names. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { checksOf, families } from './checks/index.ts'
import { Expectations } from './expectations.ts'
import { loadExpectations } from './saved/load.ts'
import { catalogueOf } from './selection.ts'
import { isFinding } from './verdict.ts'
import { verify } from './verify.ts'

const lib = process.env['EVLOOP_KQUEUE_LIB'] ?? ''
if (lib === '') process.stderr.write('skipped: EVLOOP_KQUEUE_LIB does not name a library with a kqueue\n')

it.skipIf(lib === '')(
  'libkqueue does what the checks of kqueue say, but for what is expected of it',
  async () => {
    const file = join(packageRoot(), 'expectations', 'libkqueue.json')
    const expectations = new Expectations(
      loadExpectations(file).expectations,
      catalogueOf(families).map(({ check }) => check.id),
    )
    const checks = checksOf('kqueue').filter((id) => /^(kq|life\.kq)/.test(id))
    const report = await verify({
      backends: ['kqueue'],
      lib,
      checks,
      timeoutMs: 60_000,
      onWarning: () => undefined,
      signal: new AbortController().signal,
    })
    const held = expectations.hold(report, file)
    expect(held.results.map(({ id }) => id)).toEqual(checks)
    expect(held.results.filter((result) => isFinding(result, held))).toEqual([])
  },
  180_000,
)
