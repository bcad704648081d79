import { afterEach, describe, expect, test, vi } from 'vitest'
import { childEnvironment, isDeadWithLivingThreads } from './child-process.ts'

/** /proc/PID/stat, shortened behind the number of threads. */
const stat = (state: string, threads: number, name = 'node'): string =>
  `4242 (${name}) ${state} 4241 4242 4241 34816 4242 4194560 100 0 0 0 3 1 0 0 20 0 ${threads} 0 99 0 0`

describe('isDeadWithLivingThreads', () => {
  test('is true for a dead main thread that others outlive', () => {
    expect(isDeadWithLivingThreads(stat('Z', 6))).toBe(true)
  })

  test('is false for a process that lives', () => {
    expect(isDeadWithLivingThreads(stat('S', 7))).toBe(false)
  })

  test('is false for a process that has ended and is not waited for yet', () => {
    expect(isDeadWithLivingThreads(stat('Z', 0))).toBe(false)
    expect(isDeadWithLivingThreads(stat('Z', 1))).toBe(false)
  })

  test('is not confused by the name of the program', () => {
    expect(isDeadWithLivingThreads(stat('S', 7, 'a) Z (b'))).toBe(false)
  })
})

describe('the environment of a child', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is our own, without the certificates that only TLS needs', () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', '/etc/ssl/certs/ca-certificates.crt')
    vi.stubEnv('LD_PRELOAD', 'libc.so.6')
    const environment = childEnvironment()
    expect(environment).not.toHaveProperty('NODE_EXTRA_CA_CERTS')
    expect({ ...environment, NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }).toEqual({
      ...process.env,
    })
  })
})
