import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../package-root.ts'
import { families } from '../checks/index.ts'
import { Expectations, outcomesOf } from '../expectations.ts'
import { catalogueOf } from '../selection.ts'
import { loadExpectations } from './load.ts'

const folder = join(packageRoot(), 'expectations')
const files = readdirSync(folder)
const ids = catalogueOf(families).map(({ check }) => check.id)

it('gVisor, libkqueue and qemu have expectation files', () => {
  expect(files.toSorted()).toEqual(['gvisor.json', 'libkqueue.json', 'qemu-aarch64.json'])
})

describe.each(files)('the expectation file %s', (file) => {
  const { about, expectations } = loadExpectations(join(folder, file))

  it('says what it is about, and is about checks that there are', () => {
    expect(about).toMatch(/\w/)
    expect(expectations).not.toEqual([])
    expect(new Expectations(expectations, ids).unknown).toEqual([])
  })

  it('has a reason for each entry that a person has written', () => {
    const generated = expectations.filter(({ reason }) => /^(expected|it is) /.test(reason))
    expect(generated).toEqual([])
    expect(expectations.filter(({ reason }) => !/^[A-Za-z/].*\.$/s.test(reason))).toEqual([])
  })

  it('has nothing twice, and nothing that is to pass only', () => {
    const keys = expectations.map(({ id, backend }) => `${id} on ${backend}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(expectations.filter((entry) => outcomesOf(entry).join() === 'pass')).toEqual([])
  })
})
