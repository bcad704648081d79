import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { close, closeAll, counter, eventfd, netlink, poll, read, signal, write } from '../build.ts'
import { Failure } from '../check.ts'
import { borrowRing, giveBackRing } from '../kept-rings.ts'
import { Machine } from '../machine.ts'
import { complete, nop, ring, takeCompletion } from '../steps/rings.ts'
import { settleReady } from '../steps/sources.ts'
import { flushInput, packetMode, pty, slave, typeText } from '../steps/terminals.ts'

const libc = openLibc()
let machine: Machine
// A ring that was made stays open, so it is there before descriptors are counted.
beforeAll(() => giveBackRing(borrowRing(libc)))
beforeEach(() => {
  machine = new Machine(libc, 'poll')
})
afterEach(() => machine.close())

const asked = (fd: string, revents: string): ReturnType<typeof poll> =>
  poll({ [fd]: 'IN|OUT|PRI' }, { [fd]: revents })

describe('a pseudo terminal', () => {
  it('hands a line from its master to its slave, with an echo, and what is written back', () => {
    machine.run(pty('m'), slave('s', 'm'), typeText('m', 'ab\n'), settleReady('s', 'IN'))
    expect(() => machine.run(read('s', 8, 3), asked('s', 'OUT'), asked('m', 'IN|OUT'))).not.toThrow()
  })

  it('tells its master of a flush in packet mode', () => {
    machine.run(pty('m'), slave('s', 'm'), packetMode('m'), asked('m', 'OUT'), flushInput('s'))
    expect(() => machine.run(asked('m', 'IN|OUT|PRI'), close('s'))).not.toThrow()
  })
})

describe('a ring', () => {
  it('has a completion for each request, until it is taken', () => {
    machine.run(ring('ring'), asked('ring', 'OUT'), nop('ring'), asked('ring', 'IN|OUT'))
    machine.run(takeCompletion('ring'), asked('ring', 'OUT'))
    expect(() => machine.run(takeCompletion('ring'))).toThrow(Failure)
    expect(() => machine.run(nop('other'))).toThrow(TypeError)
  })

  it('can be made again under the same name', () => {
    machine.run(ring('ring'), closeAll(), ring('ring'), nop('ring'))
    expect(() => machine.run(asked('ring', 'IN|OUT'))).not.toThrow()
  })
})

describe('the kernel', () => {
  it('adds 1 to an eventfd when an asynchronous read ends', () => {
    machine.run(eventfd('e', 5), complete('e'), counter('e', '6'), signal('e', '1'))
    expect(() => machine.run(netlink('n'), asked('n', 'OUT'), write('e', 1, 'EINVAL'))).not.toThrow()
  })
})
