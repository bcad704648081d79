import { describe, expect, it } from 'vitest'
import type { Check, Family } from './check.ts'
import { epollCheck } from './define.ts'
import { catalogueOf, matchingIds, possiblePatterns, selectChecks } from './selection.ts'
import type { Selection } from './selection.ts'

const check = (id: string, over: Partial<Pick<Check, 'level' | 'kind'>> = {}): Check =>
  epollCheck({ id, statement: 'It holds.', source: 'test', steps: [], ...over })

const families: readonly Family[] = [
  {
    name: 'epoll.et',
    title: 'edges',
    why: 'It matters.',
    checks: [check('epoll.et.once'), check('epoll.et.mod-race', { kind: 'race' })],
  },
  {
    name: 'eventfd',
    title: 'eventfd',
    why: 'It matters.',
    checks: [
      check('eventfd.size', { level: 'quirk' }),
      check('eventfd.join', { kind: 'race', level: 'de-facto' }),
      check('eventfd.join.twice'),
    ],
  },
]
const all = catalogueOf(families)
const ids = all.map(({ check: { id } }) => id)

const selected = (selection: Selection): string[] =>
  selectChecks(all, selection).map((entry) => entry.check.id)

describe('choosing checks', () => {
  it('takes all of them, with their families, if nothing is asked for', () => {
    expect(selectChecks(all, {})).toEqual(all)
    expect(all.map(({ family }) => family.name)).toEqual([
      'epoll.et',
      'epoll.et',
      'eventfd',
      'eventfd',
      'eventfd',
    ])
  })

  it('takes those that are of one of the families, levels and kinds', () => {
    expect(selected({ families: ['eventfd'] })).toEqual(ids.slice(2))
    expect(selected({ levels: ['quirk', 'de-facto'] })).toEqual(['eventfd.size', 'eventfd.join'])
    expect(selected({ kinds: ['race'] })).toEqual(['epoll.et.mod-race', 'eventfd.join'])
    expect(selected({ kinds: [] })).toEqual([])
  })

  it('takes those that one of several patterns matches, each once, in the order of the catalogue', () => {
    expect(selected({ only: ['eventfd.*', '*.once', 'eventfd.size'] })).toEqual([
      'epoll.et.once',
      ...ids.slice(2),
    ])
  })

  it('takes only what meets all that is asked for', () => {
    expect(selected({ only: ['eventfd'], kinds: ['race'] })).toEqual(['eventfd.join'])
    expect(selected({ families: ['epoll.et'], levels: ['quirk'] })).toEqual([])
  })
})

describe('a pattern', () => {
  it.each([
    ['epoll.et.once', ['epoll.et.once']],
    ['epoll.*', ['epoll.et.once', 'epoll.et.mod-race']],
    ['*race', ['epoll.et.mod-race']],
    ['*', ids],
    ['eventfd.?ize', ['eventfd.size']],
    ['e?*.mod-*', ['epoll.et.mod-race']],
    // An id is itself, although others begin with it; what is none is a beginning.
    ['eventfd.join', ['eventfd.join']],
    ['eventfd', ['eventfd.size', 'eventfd.join', 'eventfd.join.twice']],
    ['epoll.et', ['epoll.et.once', 'epoll.et.mod-race']],
    ['epoll.e', []],
    ['eventfd.', []],
    ['', []],
    // Nothing else has a meaning of its own.
    ['eventfd.(size|join)', []],
    ['eventfd.siz[e]*', []],
    ['epoll?et.once', ['epoll.et.once']],
    ['epollxet.once*', []],
  ])('%j stands for %j', (pattern, expected) => {
    expect(matchingIds(pattern, ids)).toEqual(expected)
  })

  it('may be meant to be an id, or any beginning of one', () => {
    expect(possiblePatterns(ids)).toEqual([...ids, 'epoll.*', 'epoll.et.*', 'eventfd.*', 'eventfd.join.*'])
  })
})
