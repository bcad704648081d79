/**
 * Makes one file of each program that is started often: Node takes almost a millisecond to find, read and link a
 * module, and a run of verify starts five processes and twenty threads of up to two hundred modules each. Of the
 * command line, what is loaded by `import()` stays a file of its own. The library for those who import evloop stays as it was compiled.
 *
 * Runs after tsc, on what that has written, and puts each bundle where the compiled program was.
 */
import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'rolldown'
import { entryPoint } from '../src/entry-point.ts'
import { packageRoot } from '../src/package-root.ts'

/**
 * A thread starts a tenth sooner from a program that is no ES module, for which Node would start the loader of those
 * first.
 */
const threadPrograms = ['src/conformance/threads/thread-main', 'src/runtime/pool/thread-main']

/** None of them imports another: each can be replaced while the others are read. */
const programs = [
  'bin/evloop',
  'src/conformance/child',
  'src/conformance/fuzz/child',
  'src/conformance/peer',
  'src/conformance/scenarios/run/child',
  ...threadPrograms,
  'src/probe/candidates-child',
  'src/probe/child',
]

/** What `verify` alone needs of the command line, and needs as a whole. */
const checks = /dist.src.(conformance.(checks|operations|steps|surroundings|threads|waits))[/\\]/

const dist = join(packageRoot(), 'dist')
rmSync(join(dist, 'chunks'), { recursive: true, force: true })
await Promise.all(
  programs.map(async (program) => {
    const isThread = threadPrograms.includes(program)
    await build({
      input: entryPoint(program),
      platform: 'node',
      // Packages stay packages.
      external: /^[^./]/,
      preserveEntrySignatures: 'allow-extension',
      checks: { ineffectiveDynamicImport: false },
      output: {
        dir: dist,
        format: isThread ? 'cjs' : 'esm',
        entryFileNames: `${program}.${isThread ? 'cjs' : 'js'}`,
        chunkFileNames: `chunks/${basename(program)}/[name].js`,
        sourcemap: true,
        // A command loads what it needs, and nothing else; what is started to run checks needs nearly all.
        codeSplitting: program === 'bin/evloop' && {
          groups: [{ name: 'checks', test: checks }],
          includeDependenciesRecursively: false,
        },
      },
    })
  }),
)
