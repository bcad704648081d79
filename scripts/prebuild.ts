/**
 * Compiles the replayer for the machine that this runs on, into `prebuilds/`, where the package looks for it.
 * Called by `npm run prebuild`.
 */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { compileReplayer, STRICT_FLAGS } from '../src/measure/replay/compile.ts'
import { hostTag, thisHost } from '../src/measure/replay/host.ts'
import { prebuiltPath, readSource } from '../src/measure/replay/prebuilt.ts'
import { packageRoot } from '../src/package-root.ts'

const root = packageRoot()
const source = readSource(root)
const host = thisHost()
const path = prebuiltPath(root, source, host)

// Beside `prebuilds/`, so that it can be renamed, and not in it, where an unfinished one would be packed.
const directory = mkdtempSync(join(root, '.prebuild-'))
try {
  const made = compileReplayer({ source, directory, env: process.env, flags: STRICT_FLAGS })
  if ('reason' in made) {
    process.stderr.write(`no file for ${hostTag(host)}: ${made.reason}\n`)
    process.exitCode = 1
  } else {
    // Files of other sources would only make the package larger.
    rmSync(dirname(path), { recursive: true, force: true })
    mkdirSync(dirname(path), { recursive: true })
    // Whoever uses the package may load it.
    chmodSync(made.path, 0o755)
    renameSync(made.path, path)
    process.stdout.write(`${relative(root, path)}: compiled with ${made.compiler}\n`)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
