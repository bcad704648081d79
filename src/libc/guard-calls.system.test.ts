import { afterEach, expect, it } from 'vitest'
import { attachLibc, bytesAt, guardCalls, openLibc } from './libc.ts'
import { Memory } from './memory.ts'

afterEach(() => guardCalls(undefined))

it('does something before and after each native call of this thread, also one that throws', () => {
  const { plan } = openLibc()
  const log: string[] = []
  guardCalls({ before: () => log.push('before'), after: () => log.push('after') })
  const libc = attachLibc(plan)
  const each = (call: () => unknown): string[] => {
    log.length = 0
    call()
    return log.slice()
  }
  expect(each(() => libc.fn.close(-1))).toEqual(['before', 'after'])
  expect(each(() => new Memory(8))).toEqual(['before', 'after'])
  const memory = new Memory(8)
  expect(each(() => bytesAt(memory.address, 8))).toEqual(['before', 'after'])
  expect(each(() => expect(() => libc.fn.close('no number' as never)).toThrow(/^/))).toEqual([
    'before',
    'after',
  ])
  guardCalls(undefined)
  expect(each(() => new Memory(8))).toEqual([])
  expect(each(() => attachLibc(plan).fn.close(-1))).toEqual([])
})
