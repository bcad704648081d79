import { expect, test } from 'vitest'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { candidateAt, shrink } from './shrink.ts'

const write = (fd: string): ScenarioStep => ({ op: 'write', fd, bytes: 1 })
const epoll = (as: string): ScenarioStep => ({ op: 'epoll', as })
const opsOf = (program: readonly ScenarioStep[]): string[] => program.map(({ op }) => op)

test('leaves out all that does not matter', () => {
  const program = [epoll('a'), ...Array.from({ length: 40 }, () => write('a')), epoll('b'), write('b')]
  const shortest = shrink(
    program,
    (candidate) => opsOf(candidate).filter((op) => op === 'epoll').length === 2,
  )
  expect(shortest).toEqual([epoll('a'), epoll('b')])
})

test('leaves out two steps that only go together', () => {
  const close: ScenarioStep = { op: 'close', fd: 'a' }
  const isEven = (candidate: readonly ScenarioStep[]): boolean =>
    candidate.filter(({ op }) => op === 'close').length % 2 === 0 && opsOf(candidate).includes('epoll')
  expect(shrink([epoll('a'), close, write('a'), close], isEven)).toEqual([epoll('a')])
})

test('uses one descriptor where another was made for nothing', () => {
  const program: ScenarioStep[] = [epoll('a'), { op: 'dup', fd: 'a', as: 'b' }, write('b')]
  const writesToWhatIsThere = (candidate: readonly ScenarioStep[]): boolean => {
    const made = candidate.flatMap((one) => ('as' in one ? [one.as] : []))
    return (
      opsOf(candidate).includes('epoll') &&
      candidate.some((one) => one.op === 'write' && made.some((name) => name === one.fd))
    )
  }
  expect(shrink(program, writesToWhatIsThere)).toEqual([epoll('a'), write('a')])
})

test('a program of which nothing can be left out stays as it is', () => {
  const program = [epoll('a'), write('a')]
  expect(shrink(program, (candidate) => candidate.length === 2)).toEqual(program)
})

test('what a step is given is made plain', () => {
  const program: ScenarioStep[] = [
    { op: 'epoll_ctl', ep: 'a', command: 'ADD', fd: 'b', events: 'IN|OUT|ET' },
    { op: 'write', fd: 'b', bytes: 150_000 },
    { op: 'epoll_wait', ep: 'a', max: 2 },
  ]
  const isEdge = (candidate: readonly ScenarioStep[]): boolean =>
    candidate.length === 3 && candidate.some((step) => 'events' in step && step.events.includes('ET'))
  expect(shrink(program, isEdge)).toEqual([
    { op: 'epoll_ctl', ep: 'a', command: 'ADD', fd: 'b', events: 'ET' },
    { op: 'write', fd: 'b', bytes: 1 },
    { op: 'epoll_wait', ep: 'a' },
  ])
})

test('the candidate that a question is about can be had from the answers before it', () => {
  const program = [epoll('a'), ...Array.from({ length: 9 }, () => write('a')), epoll('b')]
  const asked: (readonly ScenarioStep[])[] = []
  const yes = new Set<number>()
  shrink(program, (candidate) => {
    asked.push(candidate)
    const answer = opsOf(candidate).filter((op) => op === 'write').length >= 3
    if (answer) yes.add(asked.length - 1)
    return answer
  })
  expect(yes.size).toBeGreaterThan(2)
  expect(asked.map((_, question) => candidateAt(program, question, yes))).toEqual(asked)
})
