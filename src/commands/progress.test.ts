import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { makeProgress } from './progress.ts'

/** A stream that keeps what is written to it, and says of itself what it is told to. */
function fakeStream(isTTY: boolean): { readonly stream: NodeJS.WriteStream; readonly written: string[] } {
  const written: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString())
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY }) as unknown as NodeJS.WriteStream, written }
}

describe('progress', () => {
  it('is one line on a terminal, replaced by the next and erased at the end', () => {
    const { stream, written } = fakeStream(true)
    const progress = makeProgress(stream, false)
    progress.show('one')
    progress.show('two')
    progress.clear()
    expect(written).toEqual(['\r\u001b[Kone', '\r\u001b[Ktwo', '\r\u001b[K'])
  })

  it.each([
    ['where nobody looks', false, false],
    ['when told to be quiet', true, true],
  ])('is silent %s', (_, isTTY, quiet) => {
    const { stream, written } = fakeStream(isTTY)
    const progress = makeProgress(stream, quiet)
    progress.show('one')
    progress.clear()
    expect(written).toEqual([])
  })
})
