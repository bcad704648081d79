import { describe, expect, it } from 'vitest'
import { parseWatches } from './fdinfo.ts'

describe('parseWatches', () => {
  it('reads one entry a line, with number, mask and all bits of the data', () => {
    const text = [
      'pos:\t0',
      'flags:\t02000002',
      'mnt_id:\t16',
      'ino:\t2057',
      'tfd:       19 events:       19 data: deadbeefcafebabe  pos:0 ino:2d sdev:f',
      'tfd:        5 events: 8000201d data:                5  pos:0 ino:809 sdev:10',
      '',
    ].join('\n')
    expect(parseWatches(text)).toEqual([
      { fd: 19, mask: 0x19, data: 0xdeadbeefcafebaben },
      { fd: 5, mask: 0x8000201d, data: 5n },
    ])
  })

  it('finds nothing in the file of another descriptor', () => {
    expect(parseWatches('pos:\t0\nflags:\t02\neventfd-count:                1\n')).toEqual([])
  })
})
