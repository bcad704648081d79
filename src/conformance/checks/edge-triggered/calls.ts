import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { add, epoll, pipe, socketpair, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underTest } from '../../operations/calls.ts'

const BYTES = 4

/** A buffer, and the two ways in which calls are given one by reference. */
class Message {
  readonly bytes = new Memory(BYTES)
  readonly vector = new Memory(layouts.iovec.size)
  readonly header = new Memory(layouts.msghdr.size)

  constructor() {
    const { iovec, msghdr } = layouts
    put(this.vector, iovec.offsets.base, this.bytes.address)
    put(this.vector, iovec.offsets.len, BYTES)
    put(this.header, msghdr.offsets.iov, this.vector.address)
    put(this.header, msghdr.offsets.iovlen, 1)
  }
}

/** A call that sends data and one that receives it. Both give the number of bytes. */
interface Pair {
  readonly names: string
  readonly send: (machine: Machine, fd: number, message: Message) => number
  readonly receive: (machine: Machine, fd: number, message: Message) => number
}

const ofFiles: readonly Pair[] = [
  {
    names: 'write and read',
    send: (machine, fd, { bytes }) => underTest(machine, 'write', fd, bytes.address, BYTES),
    receive: (machine, fd, { bytes }) => underTest(machine, 'read', fd, bytes.address, BYTES),
  },
  {
    names: 'writev and readv',
    send: (machine, fd, { vector }) => underTest(machine, 'writev', fd, vector.address, 1),
    receive: (machine, fd, { vector }) => underTest(machine, 'readv', fd, vector.address, 1),
  },
]
const ofSockets: readonly Pair[] = [
  ...ofFiles,
  {
    names: 'send and recv',
    send: (machine, fd, { bytes }) => underTest(machine, 'send', fd, bytes.address, BYTES, 0),
    receive: (machine, fd, { bytes }) => underTest(machine, 'recv', fd, bytes.address, BYTES, 0),
  },
  {
    names: 'sendmsg and recvmsg',
    send: (machine, fd, { header }) => underTest(machine, 'sendmsg', fd, header.address, 0),
    receive: (machine, fd, { header }) => underTest(machine, 'recvmsg', fd, header.address, 0),
  },
]

/** That epoll does not depend on how data comes and goes. */
export const calls: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.send-calls',
    statement:
      'Whichever call sends data, it is an event; whichever receives it, there is nothing to report any more.',
    source: 'Miri (readv, recv); WASIX (files and sockets are separate there); send(2)',
    run(machine) {
      const message = new Message()
      machine.run(epoll('edge'), epoll('level'))
      for (const { to, from, open, pairs } of [
        { to: 'r', from: 'w', open: pipe('r', 'w'), pairs: ofFiles },
        { to: 'a', from: 'b', open: socketpair('a', 'b'), pairs: ofSockets },
      ]) {
        machine.run(open, add('edge', to, 'IN|ET'), add('level', to, 'IN'))
        for (const { names, send, receive } of pairs) {
          machine.begin(`${names}, of ${BYTES} bytes from ${from} to ${to}: the first`)
          machine.expect(send(machine, machine.fd(from), message), BYTES, 'bytes sent')
          machine.run(wait('edge', { [to]: 'IN' }), wait('edge', {}), wait('level', { [to]: 'IN' }))
          machine.begin(`${names}, of ${BYTES} bytes from ${from} to ${to}: the second`)
          machine.expect(receive(machine, machine.fd(to), message), BYTES, 'bytes received')
          machine.run(wait('edge', {}), wait('level', {}))
        }
      }
    },
  }),
]

/** Writes an address or a size. */
function put(memory: Memory, offset: number, value: Pointer | number): void {
  memory.view.setBigUint64(offset, BigInt(value), true)
}
