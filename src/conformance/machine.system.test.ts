import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SystemError, UnsupportedError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import {
  add,
  close,
  dup,
  epoll,
  eventfd,
  openLoop,
  openPoller,
  pipe,
  socketpair,
  tcp,
  wait,
} from './build.ts'
import { Failure } from './check.ts'
import { Machine } from './machine.ts'

const libc = openLibc()

describe('a machine', () => {
  let machine: Machine
  let before: ReadonlySet<number>

  beforeEach(() => {
    before = openDescriptors(libc)
    machine = new Machine(libc, 'epoll')
  })

  /** The test itself may have closed the machine; closing it again harms nothing. */
  afterEach(() => machine.close())

  it('runs steps in order, and names each when it begins', () => {
    const told: string[] = []
    const talkative = new Machine(libc, 'epoll', { onStep: (step) => told.push(step) })
    talkative.run(pipe('r', 'w'), close('w'))
    talkative.begin('look at it')
    expect(told).toEqual([
      'step 1: pipe read r, write w, flags 2048',
      'step 2: close fd w',
      'step 3: look at it',
    ])
    expect(talkative.currentStep).toBe('step 3: look at it')
    talkative.close()
    expect(told.at(-1)).toBe('step 4: close what is open')
  })

  it('names a step with everything but what it expects', () => {
    machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'), wait('ep', {}, { timeoutMs: 1 }))
    expect(machine.currentStep).toBe('step 4: epoll.wait ep ep, timeoutMs 1')
  })

  it('closes everything that steps have opened', () => {
    machine.run(
      pipe('r', 'w'),
      socketpair('a', 'b'),
      tcp('c', 's'),
      epoll('ep'),
      openPoller('p'),
      openLoop('l'),
    )
    expect(openDescriptors(libc).size).toBeGreaterThanOrEqual(before.size + 9)
    machine.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('closes everything after a step that failed, too', () => {
    machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'w', 'OUT'))
    expect(() => machine.run(wait('ep', {}), openPoller('p'))).toThrow(Failure)
    machine.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('goes on closing when something cannot be closed, and throws that at the end', () => {
    machine.run(pipe('r', 'w'), eventfd('e'))
    libc.fn.close(machine.fd('w'))
    expect(() => machine.close()).toThrow('close: EBADF (w)')
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('makes cleanups at the end, last first, each of them whatever the others do', () => {
    const order: number[] = []
    machine.cleanups.push(
      () => order.push(1),
      () => {
        throw new Error('the second cleanup')
      },
      () => order.push(3),
    )
    expect(() => machine.close()).toThrow('the second cleanup')
    expect(order).toEqual([3, 1])
    machine.close()
    expect(order).toEqual([3, 1])
  })

  it('tells a step that fails from a step that cannot be made', () => {
    machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'w', 'OUT'))
    const failed = catchError(() => machine.run(wait('ep', { r: 'IN' })))
    expect(failed).toBeInstanceOf(Failure)
    expect(failed).toMatchObject({ expected: 'r IN', actual: 'w OUT' })
    machine.run(close('r'))
    const broken = catchError(() => machine.run(dup('r', 'copy')))
    expect(broken).toBeInstanceOf(SystemError)
    expect(broken).toMatchObject({ syscall: 'dup', code: 'EBADF' })
  })

  it('remembers the number of a descriptor after it was closed', () => {
    machine.run(eventfd('e'))
    const number = machine.fd('e')
    machine.run(close('e'))
    expect(machine.fd('e')).toBe(number)
  })

  it('gives a name again after its descriptor was closed, and not before', () => {
    machine.run(eventfd('e'))
    const taken = 'the scenario already has a descriptor e'
    expect(() => machine.run(eventfd('e'))).toThrow(taken)
    expect(() => machine.run(pipe('e', 'w'))).toThrow(taken)
    expect(() => machine.run(tcp('c', 'e'))).toThrow(taken)
    machine.run(close('e'), eventfd('e'))
    machine.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('knows no descriptor, poller, loop or thread that no step has made', () => {
    expect(() => machine.fd('r')).toThrow('the scenario has no descriptor r')
    expect(() => machine.thread('t')).toThrow('the scenario has no thread t')
    expect(() => machine.run({ op: 'poller.wake', poller: 'p' })).toThrow('the scenario has no poller p')
    expect(() => machine.run({ op: 'loop.wake', loop: 'l' })).toThrow('the scenario has no loop l')
  })

  it('leaves a descriptor that it was told to forget', () => {
    machine.run(eventfd('e'))
    const fd = machine.fd('e')
    machine.forget('e')
    machine.close()
    expect(openDescriptors(libc)).toContain(fd)
    libc.fn.close(fd)
  })

  it('fails where two values differ, and says which', () => {
    machine.expect(1, 1, 'a number')
    expect(catchError(() => machine.expect(2, 1, 'a number'))).toMatchObject({
      expected: 'a number: 1',
      actual: 'a number: 2',
    })
  })

  it('has no threads without a pool', () => {
    expect(() => machine.acquireThread()).toThrow(UnsupportedError)
  })
})

function catchError(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
