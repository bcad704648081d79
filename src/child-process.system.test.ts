import { afterEach, describe, expect, it } from 'vitest'
import { followChild } from './child-process.ts'
import type { ChildEnd } from './child-process.ts'

const PROGRAM = '../fixtures/children/misbehaving'
const PATIENT_MS = 30_000
const HASTY_MS = 300

interface Said {
  readonly kind: 'said'
  readonly order?: unknown
}

interface Options {
  readonly startMs?: number
  readonly silenceMs?: number
  readonly signal?: AbortSignal
  readonly count?: number
}

async function follow(way: string, options: Options = {}): Promise<ChildEnd & { readonly said: Said[] }> {
  const said: Said[] = []
  const { count, ...rest } = options
  const end = await followChild<Said>({
    program: PROGRAM,
    order: { way, count },
    startMs: PATIENT_MS,
    silenceMs: PATIENT_MS,
    onMessage: (message) => said.push(message),
    ...rest,
  })
  return { ...end, said }
}

describe('a child', () => {
  it('gets its order, and its messages are passed on', async () => {
    const { said, started, cause, hung } = await follow('echo')
    expect(said).toEqual([{ kind: 'said', order: { way: 'echo' } }])
    expect({ started, cause, hung }).toEqual({ started: true, cause: 'exit code 0', hung: false })
  })

  it('may say a lot before anybody listens', async () => {
    expect((await follow('many-messages', { count: 20_000 })).said).toHaveLength(20_000)
  })

  it('is killed, and has not started, if it never says hello', async () => {
    const end = await follow('silent-from-the-start', { startMs: HASTY_MS })
    expect(end).toMatchObject({
      started: false,
      hung: true,
      cause: 'it hung and was killed',
      signal: undefined,
    })
  })

  it('has its start-up time until it says what it does, not only until it says hello', async () => {
    const begin = performance.now()
    const end = await follow('silent-after-hello', { startMs: 1000, silenceMs: 1 })
    expect(end).toMatchObject({ started: true, hung: true, said: [] })
    expect(performance.now() - begin).toBeGreaterThanOrEqual(1000)
  })

  it('is killed if it is silent for too long', async () => {
    const end = await follow('silent-after-a-message', { silenceMs: HASTY_MS })
    expect(end).toMatchObject({ started: true, hung: true, said: [{ kind: 'said' }] })
  })

  it('is not killed at once for a patience that no timer can have', async () => {
    const end = await follow('echo', { startMs: 1e15, silenceMs: Infinity })
    expect(end).toMatchObject({ hung: false, cause: 'exit code 0' })
  })

  it('is killed when it is told to stop, which is no hang', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), HASTY_MS)
    const end = await follow('silent-after-hello', { signal: controller.signal })
    expect(end).toMatchObject({ hung: false, cause: 'SIGKILL', signal: 'SIGKILL' })
  })

  it('is not followed for long if it was to stop before it began', async () => {
    const end = await follow('silent-after-hello', { signal: AbortSignal.abort() })
    expect(end).toMatchObject({ hung: false, signal: 'SIGKILL' })
  })

  it('may be killed in the middle of a message', async () => {
    const end = await follow('half-a-line')
    expect(end).toMatchObject({ said: [{ kind: 'said' }], cause: 'SIGKILL', signal: 'SIGKILL' })
  })

  it('may talk nonsense, which is not listened to', async () => {
    const end = await follow('nonsense')
    expect(end).toMatchObject({ said: [{ kind: 'said' }], cause: 'exit code 0' })
  })

  it('is quoted with the last line that it wrote to stderr, however much there was', async () => {
    expect((await follow('huge-stderr')).cause).toBe('exit code 3 (the last words)')
  })

  it('has ended when it has ended, though a process that it left behind holds its pipes', async () => {
    const begin = performance.now()
    expect((await follow('leaves-a-process')).cause).toBe('exit code 4')
    expect(performance.now() - begin).toBeLessThan(4500)
  })

  it('says which library it could not load', async () => {
    const { library } = await follow('library')
    expect(library?.message).toBe('cannot load libx.so: it is not for this machine')
  })
})

describe('a child that cannot be started', () => {
  const { execPath } = process
  afterEach(() => {
    process.execPath = execPath
  })

  it.each([
    ['is missing', '/nonexistent/node', 'ENOENT'],
    ['is not executable', '/etc/passwd', 'EACCES'],
  ])('has ended before it began: the program %s', async (_, path, code) => {
    process.execPath = path
    const end = await follow('echo')
    expect(end).toMatchObject({ started: false, hung: false, said: [] })
    expect(end.cause).toContain(code)
  })
})
