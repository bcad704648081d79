import { describe, expect, it } from 'vitest'
import { backendNames } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import { kqueueAbis } from '../../backends/kqueue/abi.ts'
import type { Check } from '../check.ts'
import { parseMask } from '../masks.ts'
import { SOME_OF } from '../operations/outcome.ts'
import { operations } from '../operations/index.ts'
import { flagBits, noteBits } from '../operations/kevent-words.ts'
import type { Argument, Step, StepOf } from '../steps.ts'
import type { Count } from '../steps/waiters.ts'
import { checksOf, families, findCheck } from './index.ts'

const all = families.flatMap((family) => family.checks.map((check) => ({ family, check })))
const checks = all.map(({ check }) => check)

/** The ids of the checks that break a rule. */
const breaking = (rule: (check: Check) => boolean): string[] =>
  checks.filter((check) => !rule(check)).map(({ id }) => id)

describe('the catalogue of checks', () => {
  it('has no id twice', () => {
    const ids = checks.map(({ id }) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('has no family twice, and none that is empty, or does not say what it is and why it matters', () => {
    const names = families.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const isWhole = ({ checks: own, title, why }: (typeof families)[number]): boolean =>
      own.length > 0 && title !== '' && /^\S.+\.$/.test(why)
    expect(families.filter((family) => !isWhole(family)).map(({ name }) => name)).toEqual([])
  })

  it('finds a check and its family by id, and knows no other', () => {
    for (const { family, check } of all) expect(findCheck(check.id)).toMatchObject({ family, check })
    expect(() => findCheck('epoll.lt.no-such-check')).toThrow(TypeError)
  })

  it.each(backendNames)('gives %s the checks that apply to it, in the order of the families', (backend) => {
    // It speaks the language of epoll, in a world that has one thread and a time of its own.
    const ofUserspace = ({ backends, kind }: Check): boolean =>
      (kind === 'det' || kind === 'time') && (backends.includes('userspace') || backends.includes('epoll'))
    const isFor = (check: Check): boolean =>
      backend === 'userspace' ? ofUserspace(check) : check.backends.includes(backend)
    const applicable = checks.filter(isFor).map(({ id }) => id)
    expect(checksOf(backend)).toEqual(applicable)
    expect(applicable.length).toBeGreaterThan(0)
  })
})

describe('every check', () => {
  it('has an id of lower-case words with dots between them', () => {
    expect(breaking(({ id }) => /^[a-z0-9_-]+(\.[a-z0-9-]+)+$/.test(id))).toEqual([])
  })

  it('has a statement that is one sentence: from a capital, or the name of a function, to a full stop', () => {
    const sentence = /^([A-Z]|[a-z0-9]*_[a-z0-9_]+ |[a-z]+\(\d\) )\S*( \S+)+\.$/
    expect(breaking(({ statement }) => sentence.test(statement))).toEqual([])
  })

  it('has a source', () => {
    expect(breaking(({ source }) => source.trim() !== '')).toEqual([])
  })

  it('tells its bugs as where and what, and its reason and differences in sentences', () => {
    const isSentence = (text = 'It is.'): boolean => /^\S.*\.$/.test(text)
    expect(breaking(({ why, differs }) => isSentence(why) && isSentence(differs))).toEqual([])
    expect(breaking(({ bugs = [] }) => bugs.every((bug) => /^\S.*: \S/.test(bug)))).toEqual([])
  })

  it('has a level and a kind that exist', () => {
    expect(breaking(({ level }) => ['contract', 'de-facto', 'quirk'].includes(level))).toEqual([])
    expect(breaking(({ kind }) => ['det', 'time', 'thread', 'race'].includes(kind))).toEqual([])
  })

  it('applies to backends that exist, and names each once', () => {
    const known = (backends: readonly BackendName[]): boolean =>
      backends.length > 0 &&
      backends.every((name, i) => backendNames.includes(name) && backends.indexOf(name) === i)
    expect(breaking(({ backends }) => known(backends))).toEqual([])
  })

  it('declares the threads and descriptors that it needs as whole numbers', () => {
    const whole = (number = 1): boolean => Number.isInteger(number) && number > 0
    expect(breaking(({ threads, descriptors }) => whole(threads) && whole(descriptors))).toEqual([])
  })
})

describe('every scenario', () => {
  /** The checks for which a rule does not hold on one of their backends. */
  const breakingSteps = (rule: (steps: readonly Step[], check: Check) => boolean): string[] =>
    breaking((check) => scenarios(check).every((steps) => rule(steps, check)))

  it('survives a journey as JSON', () => {
    for (const steps of checks.flatMap(scenarios))
      expect(JSON.parse(JSON.stringify(steps))).toStrictEqual(steps)
  })

  it('is the same each time', () => {
    for (const check of checks) expect(build(check)).toStrictEqual(scenarios(check))
  })

  it('has steps that the machine knows', () => {
    const known = new Set(Object.keys(operations))
    expect(breakingSteps((steps) => steps.flatMap(withInner).every(({ op }) => known.has(op)))).toEqual([])
  })

  it('is written with masks that can be parsed', () => {
    expect(breakingSteps((steps) => steps.flatMap(withInner).flatMap(masksOf).every(isMask))).toEqual([])
  })

  it('is written with words of kevent that a kqueue knows', () => {
    const [abi] = kqueueAbis
    const parses = (step: Step): boolean => {
      if (step.op !== 'kevent' || abi === undefined) return true
      for (const { filter, flags, fflags = '' } of step.changes) {
        flagBits(flags)
        noteBits(abi, filter, fflags)
      }
      return true
    }
    expect(() => checks.flatMap(scenarios).flat().flatMap(withInner).map(parses)).not.toThrow()
  })

  it('uses only what an earlier step has made', () => {
    expect(breakingSteps((steps) => unknownNames(steps).length === 0)).toEqual([])
  })

  it('declares as many threads as it has: one for each name, and one for each wake from another', () => {
    const threadsOf = (steps: readonly Step[]): number => {
      const names = steps.flatMap((step) => (step.op === 'thread' ? [step.thread] : []))
      const wakes = steps.filter((step) => step.op === 'loop.wake' && step.from !== undefined)
      // Several groups of waiters follow each other, so the largest counts.
      const waiters = steps.flatMap((step) => (step.op === 'waiters' ? [countOf(step)] : []))
      return new Set(names).size + wakes.length + Math.max(0, ...waiters)
    }
    expect(breakingSteps((steps, { threads = 0 }) => threads >= threadsOf(steps))).toEqual([])
  })

  it('joins every thread that it starts', () => {
    const named = (steps: readonly Step[], op: 'thread' | 'join'): string[] =>
      steps.flatMap((step) => (step.op === op ? [step.thread] : [])).toSorted()
    const joinsAll = (steps: readonly Step[]): boolean =>
      named(steps, 'thread').join() === named(steps, 'join').join()
    expect(breakingSteps(joinsAll)).toEqual([])
  })

  it('says of all waiters that it starts who was woken and who was not', () => {
    const started = (steps: readonly Step[]): number =>
      steps.reduce((sum, step) => sum + (step.op === 'waiters' ? countOf(step) : 0), 0)
    const toldOf = (steps: readonly Step[]): number =>
      steps.reduce((sum, step) => {
        if (step.op === 'release') return sum + most(step.expect.others)
        if (step.op !== 'woken') return sum
        return (
          sum + most(step.count ?? Object.values(step.expect).reduce((all: number, n) => all + most(n), 0))
        )
      }, 0)
    expect(breakingSteps((steps) => toldOf(steps) >= started(steps))).toEqual([])
  })

  it('expects something, so that it can fail', () => {
    expect(breakingSteps((steps) => steps.flatMap(withInner).some((step) => 'expect' in step))).toEqual([])
  })
})

/** The scenarios of a check: one for each backend, or none where it is a function. */
function scenarios(check: Check): readonly (readonly Step[])[] {
  const known = built.get(check)
  if (known !== undefined) return known
  const made = build(check)
  built.set(check, made)
  return made
}

/** They are many and long, and the same each time. */
const built = new Map<Check, readonly (readonly Step[])[]>()

function build(check: Check): readonly (readonly Step[])[] {
  if (!('steps' in check)) return []
  const { steps, backends } = check
  return backends.map((backend) => (typeof steps === 'function' ? steps(backend) : steps))
}

const most = (count: Count): number => (typeof count === 'number' ? count : count[1])

function countOf({ at }: StepOf<'waiters'>): number {
  return at.reduce((sum, { count = 1 }) => sum + count, 0)
}

/** A step, and the step that a thread makes in it. */
function withInner(step: Step): readonly Step[] {
  return step.op === 'thread' ? [step, step.step] : [step]
}

/** The masks that a step is written with. select has sets instead. */
function masksOf(step: Step): string[] {
  if (step.op === 'epoll.ctl') return [step.events]
  if (step.op === 'poll.entries') return step.entries.flatMap(({ events, revents }) => [events, revents])
  if (step.op === 'poll') return [...Object.values(step.fds), ...Object.values(step.expect)]
  if (step.op === 'io_uring.poll') return Object.values(step.fds)
  if (step.op === 'io_uring.submit') return step.requests.flatMap(({ events = [] }) => events)
  return step.op === 'epoll.wait' && typeof step.expect === 'object' ? Object.values(step.expect) : []
}

function isMask(text: string): boolean {
  try {
    parseMask(text.startsWith(SOME_OF) ? text.slice(SOME_OF.length) : text)
    return true
  } catch {
    return false
  }
}

function unknownNames(steps: readonly Step[]): string[] {
  const made = new Set<string>()
  return steps.flatMap((step) => {
    const unknown = withInner(step)
      .flatMap(namesUsed)
      .filter((name) => !made.has(name))
    for (const name of withInner(step).flatMap(namesMade)) made.add(name)
    return unknown
  })
}

/** The fields in which steps name what was made before. */
const references = ['fd', 'ep', 'to', 'listener', 'poller', 'loop', 'process', 'waiters']

function namesUsed(step: Step): string[] {
  if (step.op === 'poll' || step.op === 'select' || step.op === 'io_uring.poll') return Object.keys(step.fds)
  if (step.op === 'io_uring.submit') {
    return [step.fd, ...step.requests.flatMap(({ fd, control }) => names([fd ?? -1, control?.fd ?? -1]))]
  }
  if (step.op === 'poll.entries') return names(step.entries.map(({ fd }) => fd))
  if (step.op === 'select.sets') return names(Object.values(step.sets).flat())
  if (step.op === 'call') return step.args.flatMap(nameOfArgument)
  if (step.op === 'waiters') return step.at.map(({ ep }) => ep)
  if (step.op === 'kevent') return [step.kq, ...names(step.changes.map(({ ident }) => ident))]
  return Object.entries(step).flatMap(([key, value]) =>
    references.includes(key) && typeof value === 'string' ? [value] : [],
  )
}

/** Numbers name nothing. */
const names = (fds: readonly (string | number)[]): string[] => fds.filter((fd) => typeof fd === 'string')

function nameOfArgument(argument: Argument): string[] {
  return typeof argument === 'string' && argument.startsWith('$') ? [argument.slice(1)] : []
}

/** All other words of a step: kinds of steps differ in where they name what they make. */
function namesMade(step: Step): string[] {
  return Object.entries(step).flatMap(([key, value]) =>
    key !== 'op' && !references.includes(key) && typeof value === 'string' ? [value] : [],
  )
}
