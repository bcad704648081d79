import { describe, expect, it } from 'vitest'
import { WNOHANG } from '../libc/constants/linux.ts'
import { openLibc } from '../libc/libc.ts'
import { NULL } from '../libc/signatures.ts'
import { add, call, epoll, exitPeer, inPeer, joinPeer, peer, pipe, postToPeer, wait, write } from './build.ts'
import type { CheckResult } from './check.ts'
import { epollCheck } from './define.ts'
import { atOnce } from './at-once.ts'
import { runCheck } from './runner.ts'
import type { Step } from './steps.ts'
import { Surroundings } from './surroundings/surroundings.ts'

const libc = openLibc()

/** Runs steps after those that start a process, which has an epoll with an entry. */
async function verdictOf(...steps: readonly Step[]): Promise<CheckResult> {
  const start = [pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'), peer('child', ['ep', 'w'])]
  const check = epollCheck({ id: 'test', statement: '', source: '', steps: [...start, ...steps] })
  using surroundings = new Surroundings(libc)
  const result = await atOnce(
    runCheck(check, {
      libc,
      backend: 'epoll',
      family: 'test',
      pool: undefined,
      surroundings,
    }),
  )
  // Whatever became of it, this process has no children left, not even one whose exit is not fetched.
  expect(libc.fn.waitpid(-1, NULL, WNOHANG)).toBe(-1)
  return result
}

describe('PeerProcess', () => {
  it('makes steps with the descriptors that it has inherited, and knows the labels', async () => {
    const result = await verdictOf(
      ...inPeer('child', pipe('r2', 'w2'), write('w2', 1), add('ep', 'r2', 'IN', { label: 'theirs' })),
      ...inPeer('child', write('w', 1), wait('ep', { r: 'IN', theirs: 'IN' })),
      wait('ep', { r: 'IN', theirs: 'IN' }),
      exitPeer('child'),
      wait('ep', { r: 'IN' }),
    )
    expect(result).toMatchObject({ outcome: 'pass' })
  })

  it('makes a posted step while this process goes on', async () => {
    const result = await verdictOf(
      postToPeer('child', wait('ep', { r: 'IN' }, { timeoutMs: 5000 })),
      write('w', 1),
      joinPeer('child'),
    )
    expect(result).toMatchObject({ outcome: 'pass' })
  })

  it('reports what was expected and found over there', async () => {
    const result = await verdictOf(...inPeer('child', wait('ep', { r: 'IN' })))
    expect(result).toMatchObject({ outcome: 'fail', expected: 'r IN', actual: 'no events' })
  })

  it('reports a set-up that did not succeed over there as broken', async () => {
    const result = await verdictOf(...inPeer('child', { op: 'eventfd', as: 'e', initial: 0, flags: -1 }))
    expect(result).toMatchObject({ outcome: 'broken', message: expect.stringContaining('eventfd: EINVAL') })
  })

  it('reports that it died in a step', async () => {
    const result = await verdictOf(...inPeer('child', call('_exit', [3], 0)))
    expect(result).toMatchObject({ outcome: 'fail', actual: 'it has ended' })
  })

  it('is killed in the middle of a step when the check is over', async () => {
    const result = await verdictOf(postToPeer('child', wait('ep', {}, { timeoutMs: 20_000 })))
    expect(result).toMatchObject({ outcome: 'pass' })
    expect(result.durationMs).toBeLessThan(10_000)
  })

  it.each(['/nonexistent/node', '/bin/false', '/'])(
    'is unsupported where %s is all there is to start',
    async (path) => {
      const { execPath } = process
      process.execPath = path
      try {
        const message = expect.stringMatching(/^a second process: /)
        expect(await verdictOf()).toMatchObject({ outcome: 'unsupported', message })
      } finally {
        process.execPath = execPath
      }
    },
  )
})
