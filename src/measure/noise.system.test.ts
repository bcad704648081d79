/** The noise of this machine, whatever of it can be read here. That no descriptor is left is checked for all. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary-directory.ts'
import { openProcFile } from './noise/proc-file.ts'
import { NoiseMeter } from './noise.ts'

const directory = temporaryDirectory()

test('a sample of this machine has counters that do not run backwards, or null', () => {
  const meter = new NoiseMeter()
  for (const value of Object.values(meter.sample())) {
    expect(value === null || (Number.isFinite(value) && value >= 0)).toBe(true)
  }
  meter.close()
})

test.skipIf(!existsSync('/proc/self/stat'))('a file of /proc is read anew each time', () => {
  const file = openProcFile('/proc/self/stat')
  const first = file?.text()
  // What is allocated shows as memory, a field of this file.
  const ballast = Buffer.alloc(50_000_000, 1)
  expect(file?.text()).not.toBe(first)
  expect(ballast).toHaveLength(50_000_000)
  file?.close()
})

test('a file is read to its end, and one that is missing or a directory gives nothing', () => {
  const path = join(directory, 'long')
  writeFileSync(path, 'x'.repeat(10_000))
  const file = openProcFile(path)
  expect(file?.text()).toHaveLength(10_000)
  file?.close()
  expect(openProcFile(join(directory, 'missing'))).toBeUndefined()
  const folder = openProcFile(directory)
  expect(folder?.text()).toBeUndefined()
  folder?.close()
})
