import { describe, expect, it } from 'vitest'
import type { CatalogueReport } from '../conformance/catalogue-report.ts'
import { runEvloop } from '../testing/run-evloop.ts'

describe('explain', () => {
  it('tells everything of one check, with its steps, as JSON too', async () => {
    const { exitCode, stdout, stderr } = await runEvloop(['explain', 'epoll.lt.two-fds', '-f', 'json'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { schema, checks } = JSON.parse(stdout) as CatalogueReport
    expect({ schema, ids: checks.map(({ id }) => id) }).toEqual({
      schema: 'evloop/catalogue@1',
      ids: ['epoll.lt.two-fds'],
    })
    expect(checks[0]?.steps?.epoll).toContain('epoll_ctl(ep, ADD, r1, IN)')
  })

  it('tells of families and of what globs match, each check once', async () => {
    const { stdout } = await runEvloop(['explain', 'epoll.fd', 'epoll.fd.*', 'poller.errors', '-f', 'json'])
    const { checks, families } = JSON.parse(stdout) as CatalogueReport
    expect(families.map(({ name }) => name)).toEqual(['poller', 'epoll.fd'])
    expect(checks.length).toBe(new Set(checks.map(({ id }) => id)).size)
    expect(checks.filter(({ steps }) => steps !== undefined)).toEqual([])
  })
})
