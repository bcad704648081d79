import { expect, test } from 'vitest'
import type { Operation } from './program.ts'
import { shrink } from './shrink.ts'

const write = (fd: string): Operation => ({ op: 'write', fd, bytes: 1 })
const epoll = (as: string): Operation => ({ op: 'epoll', as })
const opsOf = (program: readonly Operation[]): string[] => program.map(({ op }) => op)

test('leaves out all that does not matter', () => {
  const program = [epoll('a'), ...Array.from({ length: 40 }, () => write('a')), epoll('b'), write('b')]
  const shortest = shrink(
    program,
    (candidate) => opsOf(candidate).filter((op) => op === 'epoll').length === 2,
  )
  expect(shortest).toEqual([epoll('a'), epoll('b')])
})

test('leaves out two operations that only go together', () => {
  const close: Operation = { op: 'close', fd: 'a' }
  const isEven = (candidate: readonly Operation[]): boolean =>
    candidate.filter(({ op }) => op === 'close').length % 2 === 0 && opsOf(candidate).includes('epoll')
  expect(shrink([epoll('a'), close, write('a'), close], isEven)).toEqual([epoll('a')])
})

test('uses one descriptor where another was made for nothing', () => {
  const program: Operation[] = [epoll('a'), { op: 'dup', fd: 'a', as: 'b' }, write('b')]
  const writesToWhatIsThere = (candidate: readonly Operation[]): boolean => {
    const made = candidate.flatMap((one) => ('as' in one ? [one.as] : []))
    return (
      opsOf(candidate).includes('epoll') &&
      candidate.some((one) => one.op === 'write' && made.includes(one.fd))
    )
  }
  expect(shrink(program, writesToWhatIsThere)).toEqual([epoll('a'), write('a')])
})

test('a program of which nothing can be left out stays as it is', () => {
  const program = [epoll('a'), write('a')]
  expect(shrink(program, (candidate) => candidate.length === 2)).toEqual(program)
})
