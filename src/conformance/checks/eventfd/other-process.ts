/** What another process does with a counter: a fork where that can make calls, else a process that makes steps. */
import { SharedMemory } from '../../../libc/shared-memory.ts'
import { counter, eventfd, exitPeer, inPeer, peer, poll, signal } from '../../build.ts'
import type { Machine } from '../../machine.ts'
import { awaitCall, canForkCalls, forkCalls, readCall, signalCall } from '../../operations/forked-calls.ts'
import { WOKEN } from '../../patience.ts'
import type { Name, Step } from '../../steps.ts'
import { endProcess } from '../../steps/processes.ts'

/** Starts a process that adds these values, each when its steps are made. */
export function writesOfProcess(
  machine: Machine,
  fd: Name,
  values: readonly [bigint, bigint],
): [Step[], Step[]] {
  if (!canForkCalls(machine)) {
    machine.run(peer('other', [fd]))
    const inOther = (value: bigint): Step[] => [...inPeer('other', signal(fd, String(value)))]
    return [inOther(values[0]), inOther(values[1])]
  }
  machine.run(eventfd('go', 0, 0))
  const calls = values.flatMap((value) => [awaitCall(machine, 'go'), signalCall(machine, fd, value)])
  machine.begin(`fork a process that adds to ${fd} when it is told to`)
  forkCalls(machine, 'other', calls)
  return [[signal('go')], [signal('go')]]
}

/** What a process finds in the counter of an eventfd that it has inherited, and adds to it afterwards. */
export interface Visit {
  /** Has it read the counter: what it finds must be this, or EAGAIN. */
  readonly read: (expected: string) => void
  /** Has it read EAGAIN, and then add 6. */
  readonly readNothingAndAdd: () => void
  readonly end: () => void
}

/** What stands where nothing was read. */
const UNREAD = 2n ** 64n - 1n

/** Starts a process that reads, and then reads and adds. */
export function visitOfProcess(machine: Machine, fd: Name): Visit {
  if (!canForkCalls(machine)) {
    machine.run(peer('child', [fd]))
    return {
      read: (expected) => machine.run(...inPeer('child', counter(fd, expected))),
      readNothingAndAdd: () => machine.run(...inPeer('child', counter(fd, 'EAGAIN'), signal(fd, '6'))),
      end: () => machine.run(exitPeer('child')),
    }
  }
  const seen = new SharedMemory(machine.libc, 16)
  machine.cleanups.push(() => seen.close())
  for (const at of [0, 8]) seen.view.setBigUint64(at, UNREAD, true)
  machine.run(eventfd('go', 0, 0), eventfd('done'))
  const told = awaitCall(machine, 'go')
  const done = signalCall(machine, 'done', 1n)
  machine.begin(`fork a process that reads ${fd}, and later reads and adds 6`)
  forkCalls(machine, 'child', [
    told,
    readCall(machine, fd, seen.at(0)),
    done,
    told,
    readCall(machine, fd, seen.at(8)),
    signalCall(machine, fd, 6n),
    done,
    told,
  ])
  const step = (): void =>
    machine.run(signal('go'), poll({ done: 'IN' }, { done: 'IN' }, WOKEN.timeoutMs), counter('done', '1'))
  const expectSeen = (at: number, expected: bigint): void => {
    machine.begin(`the process has read ${fd}`)
    const value = seen.view.getBigUint64(at, true)
    machine.expect(
      value === UNREAD ? 'nothing' : value,
      expected === UNREAD ? 'nothing' : expected,
      'it has read',
    )
  }
  return {
    read(expected) {
      step()
      expectSeen(0, BigInt(expected))
    },
    readNothingAndAdd() {
      step()
      expectSeen(8, UNREAD)
    },
    end: () => machine.run(endProcess('child')),
  }
}
