/** The same tests once more, with a replayer that was compiled with sanitizers: it must be clean. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../package-root.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { EXTRA_FLAGS } from '../../testing/replay.ts'

/** The libraries that have to be loaded before all others. The compiler names a file that it has by its path. */
const libraries = hasCompiler
  ? ['libasan.so', 'libubsan.so'].map((name) =>
      execFileSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
    )
  : []
const hasSanitizers =
  libraries.length > 0 && libraries.every((path) => path.includes('/') && existsSync(path))

test.skipIf(!hasSanitizers)(
  'the replayer is clean (needs a C compiler with its sanitizers)',
  () => {
    const tests = ['steps', 'child.system', 'child-failures', 'child-descriptors', 'direct-calls']
    const run = spawnSync(
      process.execPath,
      [
        join(packageRoot(), 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--project=system',
        ...tests.map((name) => `src/measure/replay/${name}`),
      ],
      {
        cwd: packageRoot(),
        encoding: 'utf8',
        env: {
          ...process.env,
          LD_PRELOAD: libraries.join(' '),
          // Node gives none of its memory back when it ends.
          ASAN_OPTIONS: 'detect_leaks=0',
          [EXTRA_FLAGS]: '-fsanitize=address,undefined -fno-sanitize-recover=all',
          NO_COLOR: '1',
        },
      },
    )
    expect(run.stdout).toMatch(/Test Files {2}5 passed \(5\)/)
    expect(run.status).toBe(0)
  },
  120_000,
)
