import { spawnSync } from 'node:child_process'
import { packageRoot } from '../../src/package-root.ts'
import type { Missing, Prepared, Sandbox } from './sandbox.ts'

/** Without a network and without cgroups, nothing has to be set up, and it runs in a container too. */
const runsc = ['runsc', '--platform=ptrace', '--network=none', '--ignore-cgroups', 'do'] as const

/** The kernel in user space of gVisor. It sees the files of the host, and what it writes is gone at its end. */
export const gvisor: Sandbox = {
  name: 'gvisor',
  prepare(): Prepared | Missing {
    const [program, ...args] = [...runsc, 'test', '-r', `${packageRoot()}/package.json`]
    const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 })
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
      return { missing: 'runsc is not installed (Debian: runsc)' }
    }
    if (error !== undefined) return { missing: `runsc cannot be used: ${error.message}` }
    if (status !== 0) {
      const why = stderr.trim().split('\n').at(-1) ?? ''
      return {
        missing: why === '' ? `${packageRoot()} is not seen from within` : `runsc cannot be used: ${why}`,
      }
    }
    return { node: [...runsc, process.execPath], env: {}, jobs: 12 }
  },
}
