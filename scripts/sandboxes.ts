/**
 * Runs `evloop verify` in sandboxes, and holds what comes of it against the expectation files that come with evloop.
 * Called by `npm run test:sandboxes`.
 *
 *     npm run test:sandboxes -- [NAME …] [--write] [--] [options of verify …]
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { families } from '../src/conformance/checks/index.ts'
import { Expectations } from '../src/conformance/expectations.ts'
import type { VerifyReport } from '../src/conformance/report.ts'
import { loadExpectations } from '../src/conformance/saved/load.ts'
import { catalogueOf } from '../src/conformance/selection.ts'
import { hasFindings } from '../src/conformance/verdict.ts'
import { expectationsOf } from '../src/conformance/write-expectations.ts'
import { packageRoot } from '../src/package-root.ts'
import { makeStyle } from '../src/report/style.ts'
import { verifyTable } from '../src/report/formats/table/verify.ts'
import { gvisor } from './sandboxes/gvisor.ts'
import { qemuAarch64 } from './sandboxes/qemu-aarch64.ts'
import { verifyIn } from './sandboxes/run.ts'
import type { Sandbox } from './sandboxes/sandbox.ts'

const sandboxes: readonly Sandbox[] = [gvisor, qemuAarch64]

const checks = catalogueOf(families).map(({ check }) => check)
const ids = checks.map(({ id }) => id)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // What is behind `--` is for verify.
  args: process.argv.slice(2, process.argv.includes('--') ? process.argv.indexOf('--') : undefined),
  options: { write: { type: 'boolean', default: false } },
})
const forVerify = process.argv.includes('--') ? process.argv.slice(process.argv.indexOf('--') + 1) : []

for (const sandbox of sandboxes) {
  if (positionals.length > 0 && !positionals.includes(sandbox.name)) continue
  const prepared = sandbox.prepare()
  if ('missing' in prepared) {
    process.stdout.write(`${sandbox.name}: skipped: ${prepared.missing}\n`)
    continue
  }
  const report = await verifyIn(prepared, ['--jobs', String(prepared.jobs), ...forVerify])
  if (values.write) keep(sandbox.name, report)
  const held = hold(sandbox.name, report)
  process.stdout.write(`${sandbox.name}: ${verifyTable(held, { style: makeStyle(false), verbose: false })}\n`)
  if (hasFindings(held)) process.exitCode = 1
}

function fileOf(name: string): string {
  return join(packageRoot(), 'expectations', `${name}.json`)
}

function hold(name: string, report: VerifyReport): VerifyReport {
  const { expectations } = loadExpectations(fileOf(name))
  return new Expectations(expectations, ids).hold(report, `expectations/${name}.json`)
}

/** Makes the expectation file anew. The reasons of entries that stay are kept; those of others are to be written. */
function keep(name: string, report: VerifyReport): void {
  const older = existsSync(fileOf(name)) ? loadExpectations(fileOf(name)) : undefined
  const made = expectationsOf(report, older?.expectations ?? [], checks)
  const about = older?.about
  writeFileSync(
    fileOf(name),
    `${JSON.stringify({ ...made, ...(about === undefined ? {} : { about }) }, null, 2)}\n`,
  )
}
