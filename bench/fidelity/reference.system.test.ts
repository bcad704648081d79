import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { hasCompiler } from '../../src/testing/compile.ts'
import { temporaryDirectory } from '../../src/testing/temporary-directory.ts'
import { compileReference, Reference } from './reference.ts'
import { comparedBackends, comparedWorkloads, hasReference } from './side.ts'

const combinations = comparedWorkloads.flatMap((workload) =>
  comparedBackends
    .filter((backend) => hasReference(workload, backend))
    .flatMap((backend) => [1, 150].map((fds) => ({ workload, backend, fds, cpus: [] }))),
)

describe.skipIf(!hasCompiler)('the reference', () => {
  const directory = temporaryDirectory()
  let program = ''
  beforeAll(async () => {
    program = await compileReference(directory)
  })

  it.each(combinations)('does $workload on $backend at $fds', async (options) => {
    const reference = await Reference.open(program, options)
    try {
      const figures = [await reference.run(1), await reference.run(20)]
      for (const { ns } of figures) expect(ns).toBeGreaterThan(0)
    } finally {
      await reference.close()
    }
  })

  it('says what it does not know', async () => {
    const options = { workload: 'sleep', backend: 'epoll', fds: 1, cpus: [] }
    await expect(Reference.open(program, options)).rejects.toThrow(/usage: reference WORKLOAD/)
  })

  it('says that there are not enough descriptors', async () => {
    const options = { workload: 'idle', backend: 'epoll', fds: 100_000_000, cpus: [] }
    await expect(Reference.open(program, options)).rejects.toThrow(
      /Too many open files|Cannot allocate memory/,
    )
  })

  it('ends with 1 when events are not as expected', () => {
    // In front of libc: a poll that loses every event.
    const library = join(directory, 'losing.so')
    const source =
      'int poll(void *entries, unsigned long n, int ms) { (void)entries, (void)n, (void)ms; return 0; }'
    execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', library], { input: source })
    const run = (): string =>
      execFileSync(program, ['idle', 'poll', '10'], {
        input: '5\n',
        env: { ...process.env, LD_PRELOAD: library },
        encoding: 'utf8',
        stdio: 'pipe',
      })
    expect(run).toThrow(/idle: wrong number of events/)
  })
})
