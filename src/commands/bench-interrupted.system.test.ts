/** bench that ends before its time keeps what it has measured. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { BenchReport } from '../measure/report.ts'
import { runEvloop } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const base = temporaryDirectory()

/** More than anyone would wait for, in parts that are short. */
const LONG = [
  '-w',
  'wake,idle,ready,rearm,register,eof',
  '-b',
  'epoll,poll',
  '--fds',
  '4,5,6,7,8,9',
  '-d',
  '100',
]

/** Runs bench in a process group of its own, and does something to it when its file is there. */
async function interrupted(
  then: (child: ChildProcess) => void,
): Promise<{ run: Run; report: BenchReport; directory: string }> {
  const directory = mkdtempSync(join(base, 'run-'))
  const output = join(directory, 'report.json')
  const run = await runEvloop(['bench', ...LONG, '-f', 'json', '-o', output], {
    group: true,
    onStart(child) {
      const timer = setInterval(() => {
        if (!existsSync(output)) return
        clearInterval(timer)
        then(child)
      }, 5)
      child.once('exit', () => clearInterval(timer))
    },
  })
  return { run, directory, report: JSON.parse(readFileSync(output, 'utf8')) as BenchReport }
}

/** That a report is whole, and is of part of the run. */
function partOf({ interrupted: isPart, results, gaps, schema }: BenchReport): unknown {
  const names = new Set(results.map(({ workload }) => workload))
  return { isPart, schema, gaps, some: names.has('wake'), all: names.size === 6 }
}

const PART = { isPart: true, schema: 'evloop/bench@1', gaps: [], some: true, all: false }

describe('bench that is interrupted', () => {
  it('by Ctrl-C, which all of its processes get, exits 130 with what it has', async () => {
    const { run, report, directory } = await interrupted(({ pid = 0 }) => process.kill(-pid, 'SIGINT'))
    expect(run).toEqual({ exitCode: 130, signal: null, stdout: '', stderr: '' })
    expect(partOf(report)).toEqual(PART)
    expect(readdirSync(directory)).toEqual(['report.json'])
    for (const { rounds, roundNs, events } of report.results) {
      expect(roundNs).toHaveLength(rounds)
      expect(events.seen).toBe(events.expected)
    }
  })

  it('by SIGTERM exits 130 with what it has', async () => {
    const { run, report } = await interrupted((child) => child.kill('SIGTERM'))
    expect(run).toEqual({ exitCode: 130, signal: null, stdout: '', stderr: '' })
    expect(partOf(report)).toEqual(PART)
  })

  it('by SIGKILL leaves a whole file of what it had until then, and no process', async () => {
    const group = { pid: 0 }
    const { run, report } = await interrupted((child) => {
      group.pid = child.pid ?? 0
      child.kill('SIGKILL')
    })
    expect(run).toMatchObject({ exitCode: null, signal: 'SIGKILL', stdout: '' })
    expect(partOf(report)).toEqual(PART)
    await expect.poll(() => isAlive(-group.pid), { timeout: 5000 }).toBe(false)
  })

  it('before it has measured anything writes a report of nothing', async () => {
    const run = await runEvloop(['bench', ...LONG, '-f', 'json'], {
      onStart: (child) => void setTimeout(() => child.kill('SIGINT'), 1500),
    })
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 130, stderr: '' })
    expect(JSON.parse(run.stdout)).toMatchObject({ interrupted: true, schema: 'evloop/bench@1' })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
