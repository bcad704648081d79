import { describe, expect, test } from 'vitest'
import type { FuzzReport } from '../conformance/fuzz/report.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop } from '../testing/run-evloop.ts'

/** Mutants of all kinds, of those that one thread and descriptors without a name can find out. */
const mutants = [
  'always-the-first',
  'create-leaks',
  'absent-is-einval',
  'add-existing-ignored',
  'bad-epfd-is-einval',
  'bad-fd-is-enoent',
  'band-bits-as-in',
  'buffer-tail-cleared',
  'data-32-bits',
  'del-absent-succeeds',
  'del-keeps-queued-event',
  'duplicates-when-full',
  'edge-after-partial-read',
  'empty-datagram-silent',
  'epoll-can-be-read',
  'epoll-is-never-readable',
  'err-as-hup',
  'err-only-if-asked',
  'eventfd-adds-one',
  'eventfd-initial-lost',
  'eventfd-semaphore-as-counter',
  'exclusive-ignored',
  'failed-add-removes',
  'failed-mod-adds',
  'half-close-is-no-edge',
  'err-before-add-lost',
  'eventfd-read-keeps',
]

/** Within this time a difference must be found and made short, also on a machine that has other things to do. */
const LIMIT_MS = 60_000

/** As short a program must get. */
const MOST_STEPS = 8

describe.skipIf(!hasCompiler)('mutants of epoll are found by random programs', () => {
  test.each(mutants)(
    '%s',
    async (mutant) => {
      const startMs = performance.now()
      const lib = compileLibrary(`mutants/${mutant}`)
      const run = await runEvloop([
        'fuzz',
        '--backend',
        'epoll',
        '--seed',
        '7',
        '--lib',
        lib,
        '--format',
        'json',
      ])
      expect([run.exitCode, run.stderr]).toEqual([1, ''])
      const { difference } = (JSON.parse(run.stdout) as FuzzReport).results[0] ?? {}
      expect(difference?.scenario.steps.length).toBeLessThanOrEqual(MOST_STEPS)
      expect(performance.now() - startMs).toBeLessThan(LIMIT_MS)
    },
    2 * LIMIT_MS,
  )
})
