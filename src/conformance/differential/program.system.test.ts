import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWorld } from '../../backends/userspace/world.ts'
import { EPOLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { findMemory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'
import { randomProgram } from '../../testing/random-programs.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { firstDifference, Player } from './program.ts'
import type { Operation } from './program.ts'
import { shrink } from './shrink.ts'

const libc = openLibc()
const directory = temporaryDirectory()
const world = createWorld(libc)
const model = new Player(world, directory)

const runs = Number(process.env['EVLOOP_RANDOM_PROGRAMS'] ?? 2000)
const seed = Number(process.env['EVLOOP_RANDOM_SEED'] ?? 1)

test('random programs give the same in user space as on the machine, operation by operation', () => {
  const machine = new Player(libc, directory)
  fc.assert(
    fc.property(randomProgram(60), (program) => {
      const here = model.play(program)
      expect(world.kernel.openNumbers).toEqual([])
      expect(firstDifference(program, here, machine.play(program))).toBeUndefined()
    }),
    { numRuns: runs, seed },
  )
}, 600_000)

test('most operations are about something that is there', () => {
  const counts = { waits: 0, withEvents: 0, changes: 0, made: 0 }
  for (const program of fc.sample(randomProgram(60), { numRuns: 300, seed })) {
    for (const [i, line] of model.play(program).entries()) {
      if (program[i]?.op === 'wait') {
        counts.waits++
        if (/^[1-9]/.test(line)) counts.withEvents++
      } else if (program[i]?.op === 'ctl') {
        counts.changes++
        if (line === '0') counts.made++
      }
    }
  }
  expect(counts.withEvents / counts.waits).toBeGreaterThan(0.15)
  expect(counts.made / counts.changes).toBeGreaterThan(0.35)
})

/** What an epoll that is wrong does to its calls. */
const faulty = (name: 'epoll_ctl' | 'epoll_wait', change: (native: NativeCall) => NativeCall): Libc =>
  wrapLibc(createWorld(libc), (called, native) => (called === name ? change(native) : native))

/** Changes the mask that epoll_ctl is given. */
const withMask = (change: (mask: number) => number): Libc =>
  faulty('epoll_ctl', (native) => (...args) => {
    const found = findMemory(args[3] as Pointer)
    const view = found?.memory.view
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
    const player = new Player(wrong, directory)
    const differs = (program: readonly Operation[]): boolean =>
      firstDifference(program, model.play(program), player.play(program)) !== undefined
    const found = fc.sample(randomProgram(60), { numRuns: 2000, seed }).find(differs) ?? []
    const shortest = shrink(found, differs)
    expect(shortest.length).toBeGreaterThan(0)
    expect(shortest.length).toBeLessThanOrEqual(8)
  })
})
