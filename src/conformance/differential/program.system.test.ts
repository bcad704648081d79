import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorld } from '../../backends/userspace/world.ts'
import { openLibc } from '../../libc/libc.ts'
import { randomProgram } from '../../testing/random-programs.ts'
import { firstDifference, Player } from './program.ts'

const libc = openLibc()
const world = createWorld(libc)
const machine = new Player(libc)
const model = new Player(world)

const runs = Number(process.env['EVLOOP_RANDOM_PROGRAMS'] ?? 1000)
const seed = Number(process.env['EVLOOP_RANDOM_SEED'] ?? 1)

test('random programs give the same in user space as on the machine, operation by operation', () => {
  fc.assert(
    fc.property(randomProgram(60), (program) => {
      const there = machine.play(program)
      const here = model.play(program)
      expect(world.kernel.openNumbers).toEqual([])
      expect(firstDifference(program, here, there)).toBeUndefined()
    }),
    { numRuns: runs, seed },
  )
}, 600_000)
