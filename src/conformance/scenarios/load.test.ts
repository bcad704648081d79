import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SavedFileError } from '../../errors.ts'
import { packageRoot } from '../../package-root.ts'
import { problemOf } from '../../saved/problem.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { loadScenario, whyNotScenario } from './load.ts'
import { scenarioSchema } from './schema.ts'

const head = { schema: 'evloop/scenario@1', name: 'x' }
const of = (...steps: readonly unknown[]): unknown => ({ ...head, steps })
const pipe = { op: 'pipe', read: 'r', write: 'w' }
const ep = { op: 'epoll', as: 'ep' }
const poller = { op: 'poller', as: 'p' }
const ctl = { op: 'epoll_ctl', ep: 'ep', command: 'ADD', fd: 'r', events: 'IN' }
const wait = { op: 'epoll_wait', ep: 'ep' }
const add = { op: 'add', poller: 'p', fd: 'r', interest: 'READ' }
const read = { op: 'read', fd: 'r', bytes: 1 }

/** What is wrong, and a document that has it. */
const mistakes: readonly (readonly [mistake: string, document: unknown])[] = [
  ['no object', null],
  ['an array', []],
  ['no schema', { name: 'x', steps: [pipe] }],
  ['another schema', { ...head, schema: 'evloop/bench@1' }],
  ['an expectation file', { ...head, schema: 'evloop/expect@1' }],
  ['a newer schema', { ...head, schema: 'evloop/scenario@2', steps: [pipe] }],
  ['no name', { schema: head.schema, steps: [pipe] }],
  ['an empty name', { ...head, name: '', steps: [pipe] }],
  ['steps that are misspelt', { ...head, step: [pipe] }],
  ['a misspelt property', { ...head, sources: 'x', steps: [pipe] }],
  ['an unknown backend', { ...head, backends: ['epol'], steps: [pipe] }],
  ['no backend', { ...head, backends: [], steps: [pipe] }],
  ['a backend of another language', { ...head, backends: ['epoll', 'select'], steps: [ep] }],
  ['no steps', head],
  ['steps that are no array', { ...head, steps: pipe }],
  ['not one step', of()],
  ['too many steps', of(...Array.from({ length: 1001 }, () => pipe))],
  ['a step that is no object', of(pipe, 'read')],
  ['a step without operation', of({ fd: 'r' })],
  ['an unknown operation', of({ op: 'reed', fd: 'r' })],
  ['an operation that every object has', of({ op: 'constructor' })],
  ['an operation that is no text', of({ op: 3 })],
  ['a misspelt property of a step', of(pipe, { op: 'read', fd: 'r', byte: 3 })],
  ['a property of another step', of(pipe, ep, { ...ctl, max: 3 })],
  ['a missing property', of(pipe, { op: 'read', fd: 'r' })],
  ['a text for a number', of(pipe, { ...read, bytes: '3' })],
  ['half a byte', of(pipe, { ...read, bytes: 1.5 })],
  ['too few bytes', of(pipe, { ...read, bytes: -1 })],
  ['too many bytes', of(pipe, { ...read, bytes: 1e9 })],
  ['too much room', of(ep, { ...wait, max: 65 })],
  ['too long a wait', of(ep, { ...wait, timeoutMs: 1e6 })],
  ['an infinite wait', of(ep, { ...wait, timeoutMs: -1 })],
  ['a number for a name', of(pipe, { ...read, fd: 5 })],
  ['a name with a digit first', of({ ...pipe, read: '1st' })],
  ['an unknown command', of(pipe, ep, { ...ctl, command: 'add' })],
  ['an unknown bit', of(pipe, ep, { ...ctl, events: 'IN|EDGE' })],
  ['a bit with its prefix', of(pipe, ep, { ...ctl, events: 'EPOLLIN' })],
  ['a mask in small letters', of(pipe, ep, { ...ctl, events: 'in' })],
  ['a mask that is a number', of(pipe, ep, { ...ctl, events: 1 })],
  ['an unknown interest', of(poller, pipe, { ...add, interest: 'IN' })],
  ['an unknown trigger', of(poller, pipe, { ...add, trigger: 'edges' })],
  ['a name that nothing makes', of(pipe, ep, { ...ctl, ep: 'pe' })],
  ['a name that is made later', of(read, pipe)],
  ['a name that is made twice', of(pipe, { op: 'eventfd', as: 'w' })],
  ['two equal names', of({ ...pipe, write: 'r' })],
  ['a descriptor for a Poller', of(pipe, { ...add, poller: 'r' })],
  ['a Poller for a descriptor', of(poller, { ...read, fd: 'p' })],
  ['two languages', of(ep, pipe, poller)],
  ['an expectation of no type', of({ ...pipe, expect: true })],
  ['events of what is no wait', of(pipe, { ...read, expect: { r: 'IN' } })],
  ['an expected bit that there is not', of(pipe, ep, ctl, { ...wait, expect: { r: 'INN' } })],
  [
    'an expected readiness that there is not',
    of(pipe, poller, add, { op: 'wait', poller: 'p', expect: { r: 'IN' } }),
  ],
  ['a label that nothing has', of(pipe, ep, { ...ctl, label: 'mine' }, { ...wait, expect: { r: 'IN' } })],
  ['an expectation on an unknown backend', of({ ...pipe, expectOn: { epol: 'ok' } })],
  ['an expectation on a backend of another language', of({ ...ep, expectOn: { poll: 'ok' } })],
  ['an expectation of no type on a backend', of({ ...pipe, expectOn: { epoll: [1] } })],
  ['expectations on backends that are no object', of({ ...pipe, expectOn: 'epoll' })],
  ['a note that is no text', of({ ...pipe, note: 3 })],
]

/** What is wrong with a file that holds no JSON document of ours. */
const texts: readonly (readonly [mistake: string, text: string])[] = [
  ['an empty file', ''],
  ['cut off', JSON.stringify(of(pipe)).slice(0, 60)],
]

describe('a bad scenario', () => {
  const directory = temporaryDirectory()
  const told: string[] = []

  it.each(mistakes)('is refused: %s', (mistake, document) => {
    const reason = whyNotScenario(document)
    expect(reason).toBeTypeOf('string')
    told.push(`${mistake}: ${reason}`)
  })

  it.each(texts)('is refused as a file: %s', (mistake, text) => {
    const file = join(directory, 'bad.json')
    writeFileSync(file, text)
    const error = errorOf(() => loadScenario(file))
    expect(error).toBeInstanceOf(SavedFileError)
    told.push(`${mistake}: ${(error as SavedFileError).reason}`)
  })

  it('is refused with the place where it is no JSON, in the words of the parser', () => {
    const file = join(directory, 'bad.json')
    for (const [text, place] of [
      ['steps: [pipe]', /^it is not JSON: .*'?s'?/],
      ['{\n  "schema": "evloop/scenario@1",\n  "steps": [1,]\n}', /^it is not JSON: .*\]/],
      ['{\n  "schema": "evloop/scenario@1"\n  "steps": []\n}', /^it is not JSON: .*line 3,? column 3/],
    ] as const) {
      writeFileSync(file, text)
      expect((errorOf(() => loadScenario(file)) as SavedFileError).reason).toMatch(place)
    }
  })

  it('is refused where it is no file', () => {
    mkdirSync(join(directory, 'folder'))
    expect(() => loadScenario(join(directory, 'folder'))).toThrow('it is a directory')
    expect(() => loadScenario(join(directory, 'missing'))).toThrow('there is no such file')
  })

  it('says what is wrong, where, and what was expected there', async () => {
    expect(told.length).toBe(mistakes.length + texts.length)
    const text = `# What evloop says to scenarios that cannot be\n\n${told.map((line) => `- ${line}\n`).join('')}`
    await expect(text).toMatchFileSnapshot('../../../fixtures/cli/bad-scenarios.md')
  })
})

describe('a good scenario', () => {
  const folder = join(packageRoot(), 'fixtures', 'scenarios')

  it.each(readdirSync(folder))('is read, and keeps to the published schema: %s', (file) => {
    const scenario = loadScenario(join(folder, file))
    expect(problemOf(scenarioSchema, scenario)).toBeUndefined()
  })

  it('may expect what it likes, and use what is closed', () => {
    const events = { ...wait, expect: { r: 'OUT|IN', 'data 0x7': '0' } }
    expect(
      whyNotScenario(of(pipe, ep, ctl, { op: 'close', fd: 'r', expect: 0 }, read, events)),
    ).toBeUndefined()
    expect(whyNotScenario(of(poller, { op: 'wait', poller: 'p', expect: { waker: 'WAKE' } }))).toBeUndefined()
    expect(whyNotScenario(of(pipe, { ...read, fd: -1, expectOn: { select: 'EBADF' } }))).toBeUndefined()
  })
})

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
