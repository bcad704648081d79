import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { usualBackendNames } from '../backends/index.ts'
import { UsageError } from '../errors.ts'
import { makeContext } from './context.ts'
import type { CommonOptions } from './options.ts'

const defaults: CommonOptions = { format: 'table' }

describe('what a command works with', () => {
  it('are all backends, or those that are asked for', async () => {
    expect((await makeContext('verify', defaults)).backends).toEqual(usualBackendNames)
    expect((await makeContext('verify', { ...defaults, backend: ['poll'] })).backends).toEqual(['poll'])
  })

  it.each([
    ['backend', { backend: ['kqueues'] }],
    ['format', { format: 'xml' }],
    ['library', { lib: '/nonexistent/lib.so' }],
    ['library that is no file', { lib: '/' }],
    ['file for the result', { output: '/nonexistent/result' }],
  ])('is refused before it works, for a %s that cannot be', async (_, options) => {
    await expect(makeContext('verify', { ...defaults, ...options })).rejects.toThrow(UsageError)
  })
})

describe('a warning', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('is a line on stderr without control characters', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    ;(await makeContext('verify', defaults)).warn('no \u001B[31mchild\n')
    expect(written.mock.calls).toEqual([['evloop: no \\x1b[31mchild\\x0a\n']])
  })

  it('is not said if evloop is to be quiet', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    ;(await makeContext('verify', { ...defaults, quiet: true })).warn('no child')
    expect(written).not.toHaveBeenCalled()
  })
})

describe('a result', () => {
  const { isTTY } = process.stdout
  const written: unknown[] = []
  beforeEach(() => {
    written.length = 0
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(text) > 0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    process.stdout.isTTY = isTTY
  })

  /** Whether a result has colour, with these options, before a person or not. */
  async function hasColor(
    options: Partial<CommonOptions>,
    person: boolean,
    noColor?: string,
  ): Promise<boolean> {
    process.stdout.isTTY = person
    vi.stubEnv('NO_COLOR', noColor)
    const context = await makeContext('verify', { ...defaults, ...options })
    let text = ''
    context.write((_, { style }) => (text = style.bad('bad')))
    return text.includes('\u001B')
  }

  it('has colour if a person is looking', async () => {
    expect(await hasColor({}, true)).toBe(true)
    expect(await hasColor({}, false)).toBe(false)
    expect(await hasColor({ output: '/dev/null' }, true)).toBe(false)
  })

  it('has none if NO_COLOR says anything', async () => {
    expect(await hasColor({}, true, '1')).toBe(false)
    expect(await hasColor({}, true, 'false')).toBe(false)
    expect(await hasColor({}, true, '')).toBe(true)
  })

  it('is as the flag says, whoever is looking and whatever NO_COLOR says', async () => {
    expect(await hasColor({ color: true }, false, '1')).toBe(true)
    expect(await hasColor({ color: true, output: '/dev/null' }, false)).toBe(true)
    expect(await hasColor({ color: false }, true)).toBe(false)
  })

  it('is rendered by the format that is asked for, and as fully', async () => {
    const context = await makeContext('probe', { format: 'json', verbose: true })
    context.write((format, { verbose }) => `${format.probe({} as never, {} as never).trim()} ${verbose}\n`)
    expect(written).toEqual(['{} true\n'])
  })
})
