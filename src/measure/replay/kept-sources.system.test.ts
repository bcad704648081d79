import { afterEach, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { KeptSources } from './kept-sources.ts'

const libc = openLibc()
const kept = new KeptSources()
const need = { kind: 'eventfd', count: 5 } as const

afterEach(() => kept.close())

it('are the same ones for a case that needs the same, with nothing signalled', () => {
  const { sources, opening } = kept.take(libc, need)
  sources.signal(libc, 3)
  const open = openDescriptors(libc)
  const again = kept.take(libc, { ...need })
  expect(again.sources).toBe(sources)
  expect(again.opening).toBe(opening)
  expect(openDescriptors(libc)).toEqual(open)
  expect(sources.drain(libc, 3)).toBe(0)
})

it.each([
  { what: 'the number', other: { count: 6 } },
  { what: 'the kind', other: { kind: 'pipe' } },
  { what: 'how an eventfd counts', other: { semaphore: true } },
  { what: 'the size of a signal', other: { bytes: 1, kind: 'pipe' } },
] as const)('are closed, and others are opened, where $what differs', ({ other }) => {
  const before = openDescriptors(libc)
  const { sources } = kept.take(libc, need)
  const next = kept.take(libc, { ...need, ...other })
  expect(next.sources).not.toBe(sources)
  expect(sources.descriptors).toEqual([])
  expect(openDescriptors(libc).size).toBe(before.size + next.sources.descriptors.length)
})

it('are not among the other descriptors, and leave none behind', () => {
  const before = openDescriptors(libc)
  expect(kept.others(libc)).toEqual(before)
  for (const count of [0, 5]) {
    kept.take(libc, { ...need, count })
    expect(kept.others(libc)).toEqual(before)
  }
  kept.close()
  kept.close()
  expect(openDescriptors(libc)).toEqual(before)
})
