/** The real replayer, and programs for it that tests assemble by hand. */
import { openLibc, symbolAddress } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { ReplayChild } from '../measure/replay/child.ts'
import type { LaneOrder, RunResult } from '../measure/replay/child.ts'
import { compileReplayer, STRICT_FLAGS } from '../measure/replay/compile.ts'
import { ACTION, ActionKind, STEP } from '../measure/replay/layout.ts'
import { loadReplayer } from '../measure/replay/native.ts'
import type { Replayer } from '../measure/replay/native.ts'
import { readSource } from '../measure/replay/prebuilt.ts'
import type { Program } from '../measure/replay/program.ts'
import { packageRoot } from '../package-root.ts'
import { compileLibrary, hasCompiler } from './compile.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const directory = hasCompiler ? temporaryDirectory() : ''
let loaded: Replayer | undefined

/** Names more flags for the compiler: a test of tests runs them once more with sanitizers. */
export const EXTRA_FLAGS = 'EVLOOP_TEST_REPLAYER_FLAGS'

/** Compiles `native/replay.c` as for the package, once for a test file, and returns where it is. */
export function compiledReplayer(): string {
  const source = readSource(packageRoot())
  const extra = process.env[EXTRA_FLAGS]?.split(' ') ?? []
  const made = compileReplayer({ source, directory, env: process.env, flags: [...STRICT_FLAGS, ...extra] })
  if ('reason' in made) throw new Error(made.reason)
  return made.path
}

/** The replayer, compiled and loaded. */
export function theReplayer(): Replayer {
  return (loaded ??= loadReplayer(compiledReplayer()))
}

/** The address of a function of `fixtures/replay/functions.c`. */
export function functionOf(name: string): number {
  return symbolAddress(openLibc(), compileLibrary('replay/functions'), name)
}

/** An action as `native/replay.c` has it. All that is not given is zero. */
export interface HandAction {
  readonly kind: keyof typeof ActionKind
  readonly varies?: number
  readonly narrow?: boolean
  readonly checks?: boolean
  readonly binds?: number
  readonly bound?: boolean
  readonly error?: number
  readonly words?: number
  readonly function?: number
  readonly arguments?: readonly (number | bigint)[]
  readonly expected?: number | bigint
  readonly address?: number
  readonly sum?: bigint
}

/** A step: which action, and its number. */
type HandStep = readonly [action: number, number?: number]

/** Assembles a program. Without steps it has every action once, in order. */
export function handMade(
  actions: readonly HandAction[],
  steps: readonly HandStep[] = actions.map((_, i) => [i]),
): Program {
  const inMemory = new Memory(actions.length * ACTION.size)
  for (const [i, action] of actions.entries()) writeAction(inMemory.view, i * ACTION.size, action)
  const stepsInMemory = new Memory(steps.length * STEP.size)
  for (const [i, [action, number = 0]] of steps.entries()) {
    stepsInMemory.view.setUint32(i * STEP.size + STEP.offsets.action, action, true)
    stepsInMemory.view.setInt32(i * STEP.size + STEP.offsets.number, number, true)
  }
  const marking = actions.map(({ kind }) => kind === 'TIME' || kind === 'PACE')
  return {
    actions: inMemory,
    steps: stepsInMemory,
    count: steps.length,
    marks: steps.filter(([action]) => marking[action]).length,
    // Only calls are named in messages. These have the names of calls that need no memory.
    origins: actions.map(() => ({
      action: { kind: 'call', name: 'getppid', args: [], result: 0, errno: 0, checked: true, outputs: [] },
      output: 0,
    })),
    memory: new Set(),
  }
}

function writeAction(view: DataView, at: number, action: HandAction): void {
  const { offsets } = ACTION
  view.setUint8(at + offsets.kind, ActionKind[action.kind])
  for (const name of ['varies', 'narrow', 'checks', 'binds', 'bound'] as const) {
    view.setUint8(at + offsets[name], Number(action[name] ?? 0))
  }
  view.setInt32(at + offsets.error, action.error ?? 0, true)
  view.setUint32(at + offsets.words, action.words ?? 0, true)
  const long = (offset: number, value: number | bigint = 0): void =>
    view.setBigInt64(at + offset, BigInt(value), true)
  long(offsets.function, action.function)
  for (const [i, value] of (action.arguments ?? []).entries()) long(offsets.arguments + 8 * i, value)
  long(offsets.expected, action.expected)
  long(offsets.address, action.address)
  view.setBigUint64(at + offsets.sum, action.sum ?? 0n, true)
}

/** A call that must return a value, -1 with an errno among them. */
export function checkedCall(
  name: string,
  args: readonly (number | bigint)[],
  expected: number | bigint,
  more: Partial<HandAction> = {},
): HandAction {
  return { kind: 'CALL', function: functionOf(name), arguments: args, checks: true, expected, ...more }
}

/** Options of a run, for tests that care for some of them. */
export interface HandRun {
  readonly cycles?: number
  readonly warmup?: number
  readonly timeoutMs?: number
}

/** Forks a child, which has the programs that were made before. It is closed with the test's block, and has closed nothing of what was open. */
export function startedChild(lanes = 1): ReplayChild {
  const child = new ReplayChild(theReplayer(), lanes)
  child.start([], child.fds)
  child.leave()
  return child
}

/** Runs programs, one in each lane, in a child of their own. */
export function runPrograms(orders: readonly LaneOrder[], options: HandRun = {}): RunResult {
  using child = startedChild(orders.length)
  return child.run(orders, { cycles: 1, warmup: 0, timeoutMs: 20_000, ...options })
}

/** Runs one program by itself. */
export function runProgram(program: Program, options: HandRun = {}): RunResult {
  return runPrograms([{ program }], options)
}
