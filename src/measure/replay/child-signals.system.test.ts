/** What becomes of a child when something happens to its parent. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { hasCompiler } from '../../testing/compile.ts'
import { moduleUrl } from '../../testing/native.ts'
import { compiledReplayer } from '../../testing/replay.ts'

/** The beginning of a script that has a child, which makes one call in each run. */
const WITH_CHILD = `
  import { ReplayChild } from '${moduleUrl('measure/replay/child')}'
  import { loadReplayer } from '${moduleUrl('measure/replay/native')}'
  import { assemble } from '${moduleUrl('measure/replay/program')}'
  import { Tape } from '${moduleUrl('measure/record/tape')}'
  const replayer = loadReplayer(process.argv[1])
  const tape = new Tape()
  const more = { errno: 0, checked: true, outputs: [] }
`
const STARTED = `
  const orders = [{ program: assemble(replayer.libc, [tape]) }]
  const child = new ReplayChild(replayer, 1)
  child.start([], child.fds)
  child.leave()
  const options = { cycles: 1, warmup: 0, timeoutMs: 20000 }
`

/** Starts a script that leads a process group, as a shell would have it. */
function start(script: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', script, compiledReplayer()], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The state of a process, as proc(5) has it; undefined where there is none. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

describe.skipIf(!hasCompiler)('a child (needs a C compiler)', () => {
  test('does not die of an interrupt, which is for its parent to act upon', async () => {
    const run = start(`${WITH_CHILD}
      tape.addCall({ kind: 'call', name: 'getppid', args: [], result: process.pid, ...more }, 0)
      ${STARTED}
      child.run(orders, options)
      process.once('SIGINT', () => {
        child.run(orders, options)
        child.close()
        clearInterval(alive)
        console.log('well')
      })
      const alive = setInterval(() => {}, 1000)
      process.kill(0, 'SIGINT')
    `)
    let printed = ''
    run.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    expect(await once(run, 'close')).toEqual([0, null])
    expect(printed).toBe('well\n')
  })

  test.each([
    ['in a call that does not end', 'child.begin(orders, options)'],
    ['while it waits for orders', ''],
  ])('dies with its parent, %s', async (_, begin) => {
    const run = start(`
      import { readFileSync } from 'node:fs'
      ${WITH_CHILD}
      // Nothing is ever to be read from it.
      tape.addCall({ kind: 'call', name: 'poll', args: [0, 0, -1], result: 1, ...more }, 0)
      ${STARTED}
      ${begin}
      console.log(readFileSync('/proc/thread-self/children', 'utf8'))
      setInterval(() => {}, 1000)
    `)
    const [line] = (await once(run.stdout ?? run, 'data')) as [Buffer]
    const pid = Number(line.toString())
    expect(stateOf(pid)).toMatch(/[RSD]/)
    run.kill('SIGKILL')
    await once(run, 'close')
    // Who has adopted it may take its time to bury it.
    while (!['Z', undefined].includes(stateOf(pid))) await sleep(5)
  })
})
