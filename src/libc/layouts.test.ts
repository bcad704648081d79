import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { layouts, linuxLayouts } from './layouts.ts'
import { struct } from './struct.ts'

/** What the layouts of a platform must be, checked once against its real headers. */
function golden(arch: string): unknown {
  const file = new URL(`../../fixtures/abi/linux-${arch}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

describe('layouts', () => {
  it.each(['x64', 'arm64'])('are those of the golden file on %s', (arch) => {
    expect(linuxLayouts(arch)).toEqual(golden(arch))
  })

  it('are those of this machine by default', () => {
    expect(layouts).toEqual(linuxLayouts(process.arch))
  })

  it('pack epoll_event on x86-64 alone', () => {
    expect(linuxLayouts('x64').epoll_event).toEqual({ size: 12, offsets: { events: 0, data: 4 } })
    for (const arch of ['arm64', 'riscv64', 'ppc64', 's390x', 'loong64']) {
      expect(linuxLayouts(arch).epoll_event).toEqual({ size: 16, offsets: { events: 0, data: 8 } })
    }
  })
})

describe('struct', () => {
  it('aligns each field to its size, and the end to the widest field', () => {
    expect(
      struct([
        ['a', 'u8'],
        ['b', 'u16'],
        ['c', 'u64'],
        ['d', 'u8'],
      ]),
    ).toEqual({ size: 24, offsets: { a: 0, b: 2, c: 8, d: 16 } })
  })

  it('leaves no gaps when packed', () => {
    const layout = struct(
      [
        ['a', 'u8'],
        ['b', 'u64'],
        ['c', 'u16'],
      ],
      { packed: true },
    )
    expect(layout).toEqual({ size: 11, offsets: { a: 0, b: 1, c: 9 } })
  })

  it('aligns an array to its element', () => {
    const layout = struct([
      ['a', 'u16'],
      ['b', 'u8', 5],
      ['c', 'u32', 2],
    ])
    expect(layout).toEqual({ size: 16, offsets: { a: 0, b: 2, c: 8 } })
  })
})
