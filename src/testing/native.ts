/** What tests of native code need beside vitest: processes and threads of their own, and descriptors. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { openConnectedTcp } from '../conformance/operations/sockets.ts'
import { entryPoint } from '../entry-point.ts'
import { F } from '../libc/constants/linux.ts'
import { OwnedFd } from '../libc/fd.ts'
import { chosenBinding, sys } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

/** The address by which a script or a thread imports a module, given as `libc/libc`. */
export function moduleUrl(path: string): string {
  return pathToFileURL(entryPoint(`src/${path}`)).href
}

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly execArgv?: readonly string[]
  readonly args?: readonly string[]
}

/** Runs an ES module in a process of its own, over the same binding, and returns what it printed, as JSON. */
export function runScript(source: string, options: ScriptOptions = {}): unknown {
  const { env = {}, execArgv = [], args = [] } = options
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...sameBinding(), ...execArgv, '--input-type=module', '--eval', source, ...args],
    { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000 },
  )
  if (status !== 0) throw new Error(`the script ended with ${signal ?? status}: ${stderr}`)
  return JSON.parse(stdout)
}

/** What makes another Node choose the binding that was chosen here, if any was. */
function sameBinding(): string[] {
  const name = chosenBinding()
  if (name === undefined) return []
  const source = `import { chooseBinding } from '${moduleUrl('libc/libc')}'; chooseBinding('${name}')`
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`]
}

/** Runs an ES module in a thread of its own, which finds `workerData` in `node:worker_threads`. */
export function startThread(source: string, workerData: unknown): Worker {
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData })
}

/** Runs an ES module in a thread of its own until it ends, and returns the message that it posted. */
export async function runThread(source: string, workerData: unknown): Promise<unknown> {
  const worker = startThread(source, workerData)
  return new Promise((resolve, reject) => {
    let message: unknown
    worker.once('message', (value) => (message = value))
    worker.once('error', reject)
    worker.once('exit', () => resolve(message))
  })
}

/** Collects all garbage, now. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

/** A duplicate of a descriptor, with the lowest free number from `least` on. */
export function duplicate(libc: Libc, fd: number, least: number): OwnedFd {
  return new OwnedFd(libc, sys(libc, 'fcntl', fd, F.DUPFD_CLOEXEC, least))
}

const scratch = new Memory(4096)

/** Writes bytes, and returns how many were taken, or -1. */
export function write(libc: Libc, fd: number, count = 8): number {
  scratch.bytes.fill(1)
  return libc.fn.write(fd, scratch.address, count)
}

/** Reads a non-blocking descriptor empty, and returns how many bytes it had. */
export function drain(libc: Libc, fd: number): number {
  let total = 0
  for (;;) {
    const n = libc.fn.read(fd, scratch.address, scratch.bytes.length)
    if (n <= 0) return total
    total += n
  }
}

/** Writes to a non-blocking descriptor until it takes no more. */
export function fill(libc: Libc, fd: number): void {
  while (write(libc, fd, scratch.bytes.length) > 0) {
    // Once more.
  }
  while (write(libc, fd, 1) > 0) {
    // The rest.
  }
}

/** Runs an action while another process keeps sending this one a signal, whose handler does nothing. */
export async function underSignals<T>(action: () => T): Promise<T> {
  const ignore = (): void => {}
  process.on('SIGUSR2', ignore)
  const loop = 'while kill -USR2 "$0"; do sleep 0.02; done'
  const sender = spawn('sh', ['-c', loop, String(process.pid)], { stdio: 'ignore' })
  try {
    return action()
  } finally {
    sender.kill()
    await once(sender, 'exit')
    process.off('SIGUSR2', ignore)
  }
}

/** How long an action took, in nanoseconds. */
export function nsOf(action: () => void): number {
  const start = process.hrtime.bigint()
  action()
  return Number(process.hrtime.bigint() - start)
}

/** Two connected TCP sockets over loopback. What is sent may take a moment to arrive. */
export function openTcp(libc: Libc): [OwnedFd, OwnedFd] {
  const [client, server] = openConnectedTcp(libc)
  return [new OwnedFd(libc, client), new OwnedFd(libc, server)]
}
