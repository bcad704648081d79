import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { layouts, linuxLayouts } from './layouts.ts'

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
