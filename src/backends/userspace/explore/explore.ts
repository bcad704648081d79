/**
 * Goes through all interleavings of a small program. Runs that have come to the same state have the same future,
 * however they got there, and are followed as one: the states make a graph without cycles, layer by layer, and each way
 * through it from the beginning to an end is an interleaving. The first violation that is found has the shortest
 * schedule of all, because no shorter one is left by then.
 */
import { EpollState } from '../machine/epoll-state.ts'
import type { Step } from '../machine/steps.ts'
import type { ExploredProgram } from './program.ts'
import { Common } from './common.ts'
import { Run } from './run.ts'
import type { Violation } from './rules.ts'
import type { MakeState } from './run.ts'

/** A step of a schedule: who took it, and which it was. */
interface ScheduledStep {
  readonly thread: string
  readonly step: Step
}

export interface Exploration {
  readonly program: ExploredProgram
  readonly states: number
  /** Steps from one state to another. */
  readonly transitions: number
  /** Ways through the states from the beginning to an end. Of an exploration that found a violation: those before it. */
  readonly interleavings: bigint
  readonly violation?: { readonly property: Violation; readonly schedule: readonly ScheduledStep[] }
}

export interface ExploreOptions {
  /** The machine. Default: the real one. */
  readonly makeState?: MakeState
  /** Follow each interleaving for itself, and do not look for states that are the same. Default: false. */
  readonly apart?: boolean
  /** How many states are enough. An exploration that needs more throws. */
  readonly mostStates?: number
}

const realState: MakeState = () => new EpollState({ stepwise: true })

const MOST_STATES = 5_000_000

/** A state, by the schedule that came to it first. */
interface Node {
  readonly parent: Node | undefined
  readonly choice: number
  /** What the threads have said by then. */
  readonly said: readonly number[]
  /** How many ways lead to it. */
  ways: bigint
}

export function explore(program: ExploredProgram, options: ExploreOptions = {}): Exploration {
  const { makeState = realState, apart = false, mostStates = MOST_STATES } = options
  const common = new Common(program)
  const runAt = (node: Node): Run => {
    const run = new Run(program, makeState, common)
    run.retrace(choicesTo(node), node.said)
    return run
  }
  let states = 1
  let transitions = 0
  let interleavings = 0n
  const violated = (node: Node, property: Violation): Exploration => {
    const run = new Run(program, makeState, common)
    const schedule = choicesTo(node).map((choice) => run.step(choice))
    return { program, states, transitions, interleavings, violation: { property, schedule } }
  }
  const { said } = new Run(program, makeState, common)
  let layer: Node[] = [{ parent: undefined, choice: -1, said, ways: 1n }]
  while (layer.length > 0) {
    const next = new Map<string, Node>()
    for (const node of layer) {
      let run: Run | undefined = runAt(node)
      const enabled = run.enabled()
      if (enabled.length === 0) {
        interleavings += node.ways
        run.checkEnd()
        if (run.violation !== undefined) return violated(node, run.violation)
      }
      for (const choice of enabled) {
        run ??= runAt(node)
        run.step(choice)
        transitions++
        const key = apart ? String(transitions) : run.digest()
        const known = next.get(key)
        if (known === undefined) {
          const child: Node = { parent: node, choice, said: run.said, ways: node.ways }
          next.set(key, child)
          if (++states > mostStates)
            throw new RangeError(`${program.name} has more than ${mostStates} states`)
          if (run.violation !== undefined) return violated(child, run.violation)
        } else {
          known.ways += node.ways
        }
        run = undefined
      }
    }
    layer = [...next.values()]
  }
  return { program, states, transitions, interleavings }
}

/** The choices that lead to a state, from the beginning. */
function choicesTo(node: Node | undefined): number[] {
  const choices: number[] = []
  for (let at = node; at?.parent !== undefined; at = at.parent) choices.push(at.choice)
  return choices.reverse()
}
