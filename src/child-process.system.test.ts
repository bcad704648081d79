import { afterEach, expect, test, vi } from 'vitest'
import { followChild } from './child-process.ts'

const node = process.execPath

// A machine that is very busy takes seconds to start a child.
vi.setConfig({ testTimeout: 60_000 })

afterEach(() => {
  process.execPath = node
})

const order = { lib: undefined, backends: [], ids: [] }
const options = {
  program: 'src/probe/child',
  order,
  startMs: 20_000,
  silenceMs: 20_000,
  onMessage: () => undefined,
}

test('a child that does its work ends without a cause for concern', async () => {
  expect(await followChild(options)).toEqual({
    started: true,
    hung: false,
    cause: 'exit code 0',
    signal: undefined,
    library: undefined,
  })
})

test('a library that is not there is said by the child', async () => {
  const end = await followChild({ ...options, order: { ...order, lib: '/nowhere/lib.so' } })
  expect(end.library?.message).toBe('cannot load /nowhere/lib.so: there is no such file')
})

test('a program that cannot be started has not started', async () => {
  process.execPath = '/nowhere/node'
  const end = await followChild(options)
  expect(end).toMatchObject({ started: false, hung: false })
  expect(end.cause).toContain('ENOENT')
})

test('a child that says nothing is killed', async () => {
  const end = await followChild({ ...options, startMs: 1 })
  expect(end).toMatchObject({
    started: false,
    hung: true,
    cause: 'it hung and was killed',
    signal: undefined,
  })
})
