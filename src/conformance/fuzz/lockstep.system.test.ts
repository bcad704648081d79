import { describe, expect, test } from 'vitest'
import { backends } from '../../backends/index.ts'
import { Instance } from '../../backends/userspace/files/instance.ts'
import { createWorld } from '../../backends/userspace/world.ts'
import { EPOLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Libc } from '../../libc/libc.ts'
import { findMemory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'
import { speaksEpoll } from '../scenarios/language.ts'
import { isWait } from '../scenarios/observation.ts'
import { Player } from '../scenarios/player.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { testedBackends, testedLibc } from '../../testing/backends.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { CHUNK, programsOf } from './generate.ts'
import { Lockstep } from './lockstep.ts'
import { shrink } from './shrink.ts'

const directory = temporaryDirectory()

/** More of them where somebody wants to know: `EVLOOP_RANDOM_PROGRAMS=100000`. */
const wanted = Number(process.env['EVLOOP_RANDOM_PROGRAMS'] ?? 320)
const seed = Number(process.env['EVLOOP_RANDOM_SEED'] ?? 1)
const chunks = Array.from({ length: Math.ceil(wanted / CHUNK) }, (_, i) => i)

/** libkqueue takes the error of a socket for itself, and more; what it does is its own affair. */
const others = testedBackends.filter(([name]) => name !== 'kqueue')

test.each(others)(
  '%s gives what the model gives, step by step',
  (_, backend) => {
    const lockstep = new Lockstep(testedLibc, backend, directory)
    const language = speaksEpoll(backend) ? 'epoll' : 'portable'
    for (const chunk of chunks) {
      for (const program of programsOf(language, seed, chunk))
        expect(lockstep.compare(program)).toBeUndefined()
    }
    lockstep.close()
  },
  600_000,
)

test('most steps are about something that is there', () => {
  const player = new Player(createWorld(testedLibc), backends.userspace, directory)
  const counts = { waits: 0, withEvents: 0, changes: 0, made: 0 }
  for (const chunk of [0, 1, 2, 3]) {
    for (const program of programsOf('epoll', seed, chunk)) {
      for (const [i, given] of player.play(program).entries()) {
        const op = program[i]?.op
        if (op === 'epoll_wait') {
          counts.waits++
          if (isWait(given) && given.events.length > 0) counts.withEvents++
        } else if (op === 'epoll_ctl') {
          counts.changes++
          if (given === '0') counts.made++
        }
      }
    }
  }
  expect(counts.withEvents / counts.waits).toBeGreaterThan(0.15)
  expect(counts.made / counts.changes).toBeGreaterThan(0.35)
})

/** What an epoll that is wrong does to its calls. */
const faulty = (name: 'epoll_ctl' | 'epoll_wait', change: (native: NativeCall) => NativeCall): Libc =>
  wrapLibc(testedLibc, (called, native) => (called === name ? change(native) : native))

/** Changes the mask that epoll_ctl is given. */
const withMask = (change: (mask: number) => number): Libc =>
  faulty('epoll_ctl', (native) => (...args) => {
    const view = findMemory(args[3] as Pointer)?.memory.view
    if (view === undefined) return native(...args)
    const mask = view.getUint32(0, true)
    view.setUint32(0, change(mask) >>> 0, true)
    const result = native(...args)
    view.setUint32(0, mask, true)
    return result
  })

/** Changes the events that epoll_wait gives. */
const withEvents = (change: (mask: number) => number): Libc =>
  faulty('epoll_wait', (native) => (...args) => {
    const count = native(...args)
    const view = findMemory(args[1] as Pointer)?.memory.view
    for (let i = 0; i < count; i++) {
      const at = i * layouts.epoll_event.size
      view?.setUint32(at, change(view.getUint32(at, true)) >>> 0, true)
    }
    return count
  })

describe('an epoll that is wrong is found out, and the program that does so is short', () => {
  test.each<[string, Libc]>([
    ['edge-triggered is level-triggered', withMask((mask) => mask & ~EPOLL.ET)],
    ['level-triggered is edge-triggered', withMask((mask) => mask | EPOLL.ET)],
    ['a oneshot fires again', withMask((mask) => mask & ~EPOLL.ONESHOT)],
    ['a half-close is never told', withEvents((mask) => mask & ~EPOLL.RDHUP)],
    ['a hang-up is an error', withEvents((mask) => ((mask & EPOLL.HUP) === 0 ? mask : mask | EPOLL.ERR))],
    [
      'the last of several events is lost',
      faulty(
        'epoll_wait',
        (native) =>
          (...args) =>
            Math.min(1, native(...args)),
      ),
    ],
    [
      'a registration that is removed stays',
      faulty(
        'epoll_ctl',
        (native) =>
          (...args) =>
            args[1] === 2 ? 0 : native(...args),
      ),
    ],
  ])('%s', (_, wrong) => {
    const lockstep = new Lockstep(wrong, backends.epoll, directory)
    const differs = (program: readonly ScenarioStep[]): boolean => lockstep.compare(program) !== undefined
    const found = chunks.flatMap((chunk) => programsOf('epoll', seed, chunk)).find(differs) ?? []
    const shortest = shrink(found, differs)
    expect(shortest.length).toBeGreaterThan(0)
    expect(shortest.length).toBeLessThanOrEqual(8)
    lockstep.close()
  })
})

describe('what is open', () => {
  const ready: readonly ScenarioStep[] = [
    { op: 'epoll', as: 'ep' },
    ...['a', 'b', 'c'].flatMap((as): ScenarioStep[] => [
      { op: 'eventfd', as, initial: 1 },
      { op: 'epoll_ctl', ep: 'ep', command: 'ADD', fd: as, events: 'IN' },
    ]),
  ]
  const wait: ScenarioStep = { op: 'epoll_wait', ep: 'ep', max: 1 }

  /** An epoll with an order of its own: what waits longest comes last. */
  const reversed = (): Libc => {
    const world = createWorld(testedLibc)
    return wrapLibc(world, (name, native) => (...args) => {
      if (name === 'epoll_wait') {
        const file = world.kernel.file(Number(args[0]))
        if (file instanceof Instance) {
          const order = file.state.waiting().reverse()
          file.state.prefer((one) => order.indexOf(one))
        }
      }
      return native(...args)
    })
  }

  test('is open: another order, and another choice, are no difference', () => {
    const lockstep = new Lockstep(reversed(), backends.epoll, directory)
    expect(lockstep.compare([...ready, { ...wait, max: 8 }, { ...wait, max: 2 }])).toBeUndefined()
    expect([...lockstep.rulesUsed]).toEqual([['event-order', 2]])
    lockstep.close()
  })

  test('who comes again while another one waits is out of turn', () => {
    const lockstep = new Lockstep(reversed(), backends.epoll, directory)
    const difference = lockstep.compare([...ready, wait, wait, wait])
    expect(difference?.why).toMatch(/^\w waits, and \w comes again$/)
    lockstep.close()
  })
})

test('what closes a descriptor that a Poller watches removes it first', () => {
  const lockstep = new Lockstep(testedLibc, backends.poll, directory)
  const program: readonly ScenarioStep[] = [
    { op: 'poller', as: 'p' },
    { op: 'eventfd', as: 'a', initial: 1 },
    { op: 'add', poller: 'p', fd: 'a', interest: 'READ' },
    { op: 'close', fd: 'a' },
    // It would report an error on poll, and nothing on the model.
    { op: 'wait', poller: 'p' },
  ]
  expect(lockstep.compare(program)).toBeUndefined()
  expect([...lockstep.rulesUsed]).toEqual([['closed-unremoved', 1]])
  lockstep.close()
})

test('a close that does not close is found out in the program that it happens in', () => {
  const kept: number[] = []
  const leaks = wrapLibc(testedLibc, (name, native) => (...args) => {
    const fd = Number(args[0])
    // The descriptors of programs have numbers far above those of the others.
    if (name !== 'close' || fd < 400) return native(...args)
    kept.push(fd)
    return 0
  })
  const lockstep = new Lockstep(leaks, backends.epoll, directory)
  const difference = lockstep.compare([{ op: 'eventfd', as: 'a', initial: 1 }])
  expect(difference).toMatchObject({ actual: 'IN', expected: 'NVAL' })
  for (const fd of kept) testedLibc.fn.close(fd)
  lockstep.close()
})
