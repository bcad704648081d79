/**
 * Holds an echo server on the Io surface under load: `npm run bench:echo -- [--connections 5000] [--seconds 30]
 * [--backend epoll,poll,io_uring]`, and kqueue where EVLOOP_KQUEUE_LIB names a library that has one. Exits with 1 where
 * anything went wrong, a byte was lost, the heap of the server grows, or something is left at the end.
 */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { backendNames } from '../src/backends/index.ts'
import type { BackendName } from '../src/backends/index.ts'
import { chooseNames } from '../src/commands/choose.ts'
import { parseList, parsePositive, parseWhole } from '../src/commands/options.ts'
import { entryPoint } from '../src/entry-point.ts'
import { applyLoad } from './echo/load.ts'
import type { LoadResult, ServerEnd, ServerLine, ServerSample } from './echo/messages.ts'

/** What the heap may grow by from the first quarter of the samples to the last. */
const MOST_GROWTH = 0.02
/** What it may grow by in any case: less is a matter of when something was compiled. */
const LEAST_GROWTH_BYTES = 2 ** 20

interface Options {
  readonly connections: number
  readonly seconds: number
  readonly backend?: readonly string[]
  readonly seed: number
}

const lib = process.env['EVLOOP_KQUEUE_LIB'] ?? ''
const options = new Command('bench:echo')
  .option('--connections <number>', 'at the same time', parseWhole(1), 5000)
  .option('--seconds <number>', 'how long they are kept busy', parsePositive, 30)
  .option('-b, --backend <list>', 'of the server', parseList)
  .option('--seed <number>', 'of the sizes and bytes of messages', parseWhole(0), 1)
  .parse()
  .opts<Options>()

const usual: readonly BackendName[] = [
  'epoll',
  'poll',
  'io_uring',
  ...(lib === '' ? [] : ['kqueue' as const]),
]
const chosen = options.backend === undefined ? usual : chooseNames('backend', options.backend, backendNames)
for (const backend of chosen) {
  const { load, samples, end } = await underLoad(backend)
  const problems = [...load.errors, ...problemsOf(load, samples, end)]
  process.stdout.write(`${backend}: ${summary(load, samples, end)}\n`)
  for (const problem of problems.slice(0, 10)) process.stdout.write(`  ${problem}\n`)
  if (problems.length > 0) process.exitCode = 1
}

interface Outcome {
  readonly load: LoadResult
  /** While all were connected. */
  readonly samples: readonly ServerSample[]
  /** Undefined where the server died. */
  readonly end: ServerEnd | undefined
}

async function underLoad(backend: BackendName): Promise<Outcome> {
  const { connections, seconds, seed } = options
  const args = [
    entryPoint('bench/echo/server'),
    backend,
    backend === 'kqueue' ? lib : '',
    String(connections),
  ]
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const samples: ServerSample[] = []
  let end: ServerEnd | undefined
  let load: Promise<LoadResult> | undefined
  let isBusy = false
  const closed = once(server, 'close')
  for await (const text of createInterface(server.stdout)) {
    const line = JSON.parse(text) as ServerLine
    if (line.kind === 'listening') {
      const onConnected = (): void => void (isBusy = true)
      load = applyLoad({ port: line.port, connections, durationMs: 1000 * seconds, seed, onConnected })
    } else if (line.kind === 'end') {
      end = line
    } else if (isBusy && line.connections === connections) {
      samples.push(line)
    }
  }
  await closed
  if (load === undefined) throw new Error(`the server on ${backend} has not listened`)
  return { load: await load, samples, end }
}

function problemsOf(
  load: LoadResult,
  samples: readonly ServerSample[],
  end: ServerEnd | undefined,
): string[] {
  if (end === undefined) return ['the server has died']
  const { first, last } = sizesOf(samples)
  const hasGrown = last - first > Math.max(MOST_GROWTH * first, LEAST_GROWTH_BYTES)
  const counts = [load.sentBytes, load.receivedBytes, end.echoedBytes]
  const left = [end.fibers, end.registrations, end.descriptors]
  return [
    ...end.errors,
    ...(new Set(counts).size > 1 ? [`sent, received, echoed: ${counts.join(', ')} bytes`] : []),
    ...(left.some((count) => count !== 0)
      ? [`fibers, registrations, descriptors left: ${left.join(', ')}`]
      : []),
    ...(hasGrown ? [`the heap has grown by ${percent(growthOf(samples))}`] : []),
    ...(samples.length < 4 ? [`${samples.length} samples are too few to tell of the heap`] : []),
  ]
}

/** How large the heap, and what hangs on it, was in the first quarter of the samples and in the last. */
function sizesOf(samples: readonly ServerSample[]): { readonly first: number; readonly last: number } {
  const quarter = Math.max(1, samples.length >> 2)
  const sizes = samples.map(({ heapBytes, externalBytes }) => heapBytes + externalBytes)
  return { first: mean(sizes.slice(0, quarter)), last: mean(sizes.slice(-quarter)) }
}

function growthOf(samples: readonly ServerSample[]): number {
  const { first, last } = sizesOf(samples)
  return last / first - 1
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function summary(load: LoadResult, samples: readonly ServerSample[], end: ServerEnd | undefined): string {
  const [first, last] = [samples[0], samples.at(-1)]
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const heap = samples.map(({ heapBytes }) => heapBytes)
  return [
    `${options.connections} connections, ${options.seconds} s`,
    `${load.messages} messages there and back (${Math.round(load.messages / options.seconds)}/s)`,
    `${megabytes(load.receivedBytes)} MiB, every byte compared`,
    `${load.errors.length + (end?.errors.length ?? 0)} errors`,
    `heap ${megabytes(Math.min(...heap))} to ${megabytes(Math.max(...heap))} MiB, growth ${percent(growthOf(samples))}`,
    `RSS ${megabytes(first?.rssBytes ?? NaN)} to ${megabytes(last?.rssBytes ?? NaN)} MiB`,
  ].join('; ')
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)} %`
}
