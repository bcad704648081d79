import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { P_PID, WEXITED, WNOHANG, WNOWAIT } from '../../libc/constants/linux.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { SharedMemory } from '../../libc/shared-memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { counter, eventfd, poll, signal } from '../build.ts'
import { findCheck } from '../checks/index.ts'
import { Machine } from '../machine.ts'
import { atOnce } from '../at-once.ts'
import { runCheck } from '../runner.ts'
import { endProcess, reap } from '../steps/processes.ts'
import { Surroundings } from '../surroundings/surroundings.ts'
import { ThreadPool } from '../threads/thread-pool.ts'
import { awaitCall, canForkCalls, forkCalls, readCall, signalCall } from './forked-calls.ts'

const libc = openLibc()
let machine: Machine

/** No process is left: not even one whose exit was not fetched. */
const hasNoChildren = (): boolean => libc.fn.waitpid(-1, NULL, WNOHANG) === -1

describe.skipIf(!libc.has('makecontext'))('forkCalls', () => {
  beforeEach(() => {
    machine = new Machine(libc, 'epoll')
  })
  afterEach(() => machine.close())

  it('makes calls one after another in a copy of this process, which then ends with 0', () => {
    using seen = new SharedMemory(libc, 8)
    machine.run(eventfd('a', 5), eventfd('b'))
    forkCalls(machine, 'child', [
      readCall(machine, 'a', seen.address),
      signalCall(machine, 'b', 7n),
      signalCall(machine, 'b', 2n ** 32n),
    ])
    machine.run(poll({ b: 'IN' }, { b: 'IN' }, 5000))
    const info = new Memory(128)
    const pid = machine.processes.get('child') ?? 0
    expect(libc.fn.waitid(P_PID, pid, info.address, WEXITED | WNOWAIT)).toBe(0)
    // si_code: CLD_EXITED, and si_status, which follows pid and uid.
    expect([info.view.getInt32(8, true), info.view.getInt32(24, true)]).toEqual([1, 0])
    machine.run(reap('child'), counter('b', String(2n ** 32n + 7n)), counter('a', 'EAGAIN'))
    expect(seen.view.getBigUint64(0, true)).toBe(5n)
  })

  it('has descriptors of its own', () => {
    machine.run(eventfd('e', 1), eventfd('go', 0, 0))
    forkCalls(machine, 'child', [{ fn: 'close', args: [machine.fd('e')] }, signalCall(machine, 'go', 1n)])
    machine.run(reap('child'), counter('go', '1'))
    expect(() => machine.run(counter('e', '1'))).not.toThrow()
  })

  it('waits to be told', () => {
    machine.run(eventfd('go', 0, 0), eventfd('e'))
    forkCalls(machine, 'child', [awaitCall(machine, 'go'), signalCall(machine, 'e', 1n)])
    machine.run(poll({ e: 'IN' }, {}, 20), signal('go'))
    expect(() => machine.run(poll({ e: 'IN' }, { e: 'IN' }, 5000))).not.toThrow()
  })

  it('is ended in the middle of a call, by a step or with the scenario', () => {
    machine.run(eventfd('never', 0, 0))
    forkCalls(machine, 'first', [awaitCall(machine, 'never')])
    forkCalls(machine, 'second', [awaitCall(machine, 'never')])
    expect(() => forkCalls(machine, 'first', [])).toThrow(TypeError)
    machine.run(endProcess('first'), reap('first'))
    expect([...machine.processes.keys()]).toEqual(['second'])
    machine.close()
    expect(machine.processes.size).toBe(0)
    expect(hasNoChildren()).toBe(true)
  })
})

describe('checks that fork', () => {
  const without = {
    ...libc,
    has: (name: Parameters<typeof libc.has>[0]) => name !== 'makecontext' && libc.has(name),
  }

  it('do without calls in the copy where C has no contexts, or say so', async () => {
    const pool = new ThreadPool(libc.plan, 2)
    using surroundings = new Surroundings(libc)
    const outcomeOf = async (id: string): Promise<string> => {
      const { check, family } = findCheck(id)
      const context = { backend: 'epoll', family: family.name, pool, surroundings } as const
      const { outcome } = await atOnce(runCheck(check, { libc: without, ...context }))
      return `${id} ${outcome}`
    }
    const inTurn = async (all: readonly string[]): Promise<string[]> => {
      const outcomes: string[] = []
      for (const id of all) outcomes.push(await outcomeOf(id))
      return outcomes
    }
    expect(canForkCalls(new Machine(without, 'epoll'))).toBe(false)
    const ids = [
      'epoll.fd.inherit-fork',
      'life.child-only-fd',
      'eventfd.fork-shared',
      'eventfd.blocking-wake',
    ]
    expect(await inTurn(ids)).toEqual(ids.map((id) => `${id} pass`))
    const others = ['life.close-range-dup2-exec.exec', 'life.close-range-dup2-exec.exit']
    expect(await inTurn(others)).toEqual(others.map((id) => `${id} unsupported`))
    pool.exit()
  })
})
