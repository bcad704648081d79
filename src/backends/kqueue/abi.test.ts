import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../package-root.ts'
import { EV, kqueueAbis, NOTE } from './abi.ts'

const folder = join(packageRoot(), 'fixtures', 'abi')

/** What a header says: its numbers by their names, without the prefix. */
interface Golden {
  readonly source: string
  readonly kevent: { readonly size: number; readonly offsets: Readonly<Record<string, number>> }
  readonly filters: Readonly<Record<string, number>>
  readonly flags: Readonly<Record<string, number>>
  readonly notes: Readonly<Record<string, number>>
  /** What the header has a number for, and the implementation takes and does not heed, each with who says so. */
  readonly notImplemented?: Readonly<Record<string, string>>
}

const golden = (name: string): Golden =>
  JSON.parse(readFileSync(join(folder, `kqueue-${name}.json`), 'utf8')) as Golden

it('every interface has a golden file, and every golden file an interface', () => {
  const files = readdirSync(folder).filter((file) => file.startsWith('kqueue-'))
  expect(files).toEqual(kqueueAbis.map(({ name }) => `kqueue-${name}.json`).toSorted())
})

describe.each(kqueueAbis)('the interface of $name', (abi) => {
  const header = golden(abi.name)

  it('names the header and the version that it is from', () => {
    expect(header.source).toMatch(/event\.h/)
    expect(header.source).toMatch(/\d/)
  })

  it('has the layout of the header', () => {
    const { size, offsets } = header.kevent
    expect(abi.kevent.size).toBe(size)
    expect(abi.kevent.offsets).toEqual(offsets)
    expect(offsets['fflags']).toBe((offsets['flags'] ?? 0) + abi.filterBits / 8)
  })

  it('has its numbers', () => {
    expect(abi.filters).toEqual(header.filters)
    expect(EV).toEqual(header.flags)
    expect(header.notes).toMatchObject(NOTE)
  })

  it('has its units of timers; without one a timer counts milliseconds', () => {
    const names = ['SECONDS', 'MSECONDS', 'USECONDS', 'NSECONDS', 'ABSTIME'] as const
    const units = Object.fromEntries(names.map((name) => [name, header.notes[name]]))
    const known = Object.keys(abi.timerNotes).length > 0
    expect(abi.timerNotes).toEqual(known ? { ...units, MSECONDS: units['MSECONDS'] ?? 0 } : {})
  })

  it('has its notes of files and processes, but those that are not implemented', () => {
    const { notes, notImplemented = {} } = header
    const implemented = (names: readonly string[]) =>
      Object.fromEntries(
        names.filter((name) => name in notes && !(name in notImplemented)).map((name) => [name, notes[name]]),
      )
    expect(abi.vnodeNotes).toEqual(
      implemented(['DELETE', 'WRITE', 'EXTEND', 'ATTRIB', 'LINK', 'RENAME', 'REVOKE']),
    )
    expect(abi.processNotes).toEqual(implemented(['EXIT', 'FORK', 'EXEC', 'EXITSTATUS']))
    const filters = ['READ', 'WRITE'] as const
    expect(abi.lowWater).toEqual(filters.filter((filter) => !(`LOWAT of ${filter}` in notImplemented)))
  })
})
