import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checksOf } from '../../src/conformance/checks/index.ts'
import { loadExpectations } from '../../src/conformance/saved/load.ts'
import { matchingIds } from '../../src/conformance/selection.ts'
import { packageRoot } from '../../src/package-root.ts'
import { parseMutant, readMutants } from './mutant.ts'

const source = (head: string): string => `/*\n${head} */\n#include "mutant.h"\n\n/* On: nothing. */\n`

describe('the head of a mutant', () => {
  it('has the fault, where it was seen, and who must catch it', () => {
    const head = ' * A fault: it wakes\n *   nobody.\n * Seen in: a#1, b#2.\n * Caught by: x.y, z.*\n'
    expect(parseMutant('/somewhere/a-name.c', source(head))).toEqual({
      name: 'a-name',
      path: '/somewhere/a-name.c',
      fault: 'it wakes nobody.',
      seenIn: 'a#1, b#2.',
      caughtBy: ['x.y', 'z.*'],
      on: ['epoll'],
    })
  })

  it('may name the backends, and what a finding must say', () => {
    const head =
      ' * A fault: a.\n * Seen in: b.\n * Caught by: c\n * On: poll,\n * select\n * Says: r IN -> r OUT\n'
    expect(parseMutant('a.c', source(head))).toMatchObject({ on: ['poll', 'select'], says: 'r IN -> r OUT' })
  })

  it('must be whole', () => {
    expect(() => parseMutant('a.c', source(' * A fault: a.\n * Seen in: b.\n'))).toThrow(
      'a: the comment at its head has no "Caught by:"',
    )
    expect(() => parseMutant('a.c', '#include "mutant.h"\n')).toThrow('no "A fault:"')
    const head = ' * A fault: a.\n * Seen in: b.\n * Caught by: c\n * On: devpoll\n'
    expect(() => parseMutant('a.c', source(head))).toThrow('a: there is no backend devpoll')
  })
})

describe.each([
  ['mutants', 60],
  ['kqueue-mutants', 25],
] as const)('the %s', (folder, many) => {
  const mutants = readMutants(join(packageRoot(), 'fixtures', folder))

  it('are many', () => {
    expect(mutants.length).toBeGreaterThan(many)
  })

  it('have each a fault of its own', () => {
    const faults = mutants.map(({ fault }) => fault)
    expect(faults.filter((fault, i) => faults.indexOf(fault) !== i)).toEqual([])
  })

  it('are to be caught by checks that there are', () => {
    const unknown = mutants.flatMap(({ name, on, caughtBy }) => {
      const ids = on.flatMap((backend) => checksOf(backend))
      const missing = caughtBy.filter((pattern) => matchingIds(pattern, ids).length === 0)
      return missing.map((pattern) => `${name}: ${pattern}`)
    })
    expect(unknown).toEqual([])
  })
})

it('no mutant of kqueue is to be caught by a check that finds something in libkqueue as it is', () => {
  const known = loadExpectations(join(packageRoot(), 'expectations', 'libkqueue.json')).expectations
  const failing = new Set(known.map(({ id }) => id))
  const idle = readMutants(join(packageRoot(), 'fixtures', 'kqueue-mutants')).flatMap(({ name, caughtBy }) =>
    caughtBy.filter((id) => failing.has(id)).map((id) => `${name}: ${id}`),
  )
  expect(idle).toEqual([])
})
