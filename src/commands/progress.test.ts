import { describe, expect, it } from 'vitest'
import { makeProgress } from './progress.ts'
import type { Progress } from './progress.ts'

/** A progress line on a stream, with what is written to that. */
function progressOn({
  isTTY,
  quiet = false,
}: {
  isTTY: boolean
  quiet?: boolean
}): Progress & { written: string[] } {
  const written: string[] = []
  const stream = { isTTY, write: (text: string) => written.push(text) > 0 }
  return { ...makeProgress(stream as unknown as NodeJS.WriteStream, quiet), written }
}

describe('progress', () => {
  it('is one line that is replaced, and taken away at the end', () => {
    const progress = progressOn({ isTTY: true })
    progress.show('one')
    progress.show('two')
    progress.clear()
    expect(progress.written).toEqual(['\r\u001B[Kone', '\r\u001B[Ktwo', '\r\u001B[K'])
  })

  it('takes nothing away where nothing is shown', () => {
    const progress = progressOn({ isTTY: true })
    progress.clear()
    progress.show('one')
    progress.clear()
    progress.clear()
    expect(progress.written).toEqual(['\r\u001B[Kone', '\r\u001B[K'])
  })

  it.each([{ isTTY: false }, { isTTY: true, quiet: true }])('is not for %o', (options) => {
    const progress = progressOn(options)
    progress.show('one')
    progress.clear()
    expect(progress.written).toEqual([])
  })
})
