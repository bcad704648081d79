import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backends } from '../../backends/index.ts'
import { openLibc } from '../../libc/libc.ts'
import { randomProgram } from '../../testing/random-programs.ts'
import { firstDifference, Player } from './program.ts'

const libc = openLibc()
const machine = new Player(libc)

const runs = Number(process.env['EVLOOP_RANDOM_PROGRAMS'] ?? 1000)
const seed = Number(process.env['EVLOOP_RANDOM_SEED'] ?? 1)

test('random programs give the same in user space as on the machine, operation by operation', () => {
  fc.assert(
    fc.property(randomProgram(60), (program) => {
      const world = backends.userspace.world?.(libc) ?? libc
      const there = machine.play(program)
      const here = new Player(world).play(program)
      expect(world.openNumbers?.()).toEqual([])
      expect(firstDifference(program, here, there)).toBeUndefined()
    }),
    { numRuns: runs, seed },
  )
}, 600_000)
