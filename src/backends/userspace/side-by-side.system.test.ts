/**
 * What random programs do not do, on the kernel and in a world: both must give the same, line by line. Everything is
 * done with descriptors of its own, so that numbers do not matter.
 */
import { expect, test } from 'vitest'
import {
  AF,
  EFD,
  EPOLL,
  EPOLL_CTL,
  F,
  MSG,
  O,
  SCM_RIGHTS,
  SOCK,
  SOL_SOCKET,
} from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, openLibc, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { createWorld } from './world.ts'

const machine = openLibc()
const PAGE = 4096

/** Calls on one Libc, and what they gave. */
class Side {
  readonly libc: Libc
  readonly lines: (number | string)[] = []
  readonly #open: number[] = []
  readonly #bytes = new Memory(64 * PAGE)
  readonly #kept: Memory[] = []

  constructor(libc: Libc) {
    this.libc = libc
  }

  note(result: number): number {
    this.lines.push(result === -1 ? errnoName(this.libc.errno()) : result)
    return result
  }

  own(fd: number): number {
    this.#open.push(fd)
    return fd
  }

  closeAll(): void {
    for (const fd of this.#open.splice(0)) this.libc.fn.close(fd)
  }

  pair(make: (address: Memory['address']) => number): [number, number] {
    const fds = new Memory(8)
    if (make(fds.address) !== 0) throw new Error(errnoName(this.libc.errno()))
    return [this.own(fds.view.getInt32(0, true)), this.own(fds.view.getInt32(4, true))]
  }

  pipe(flags: number = O.NONBLOCK): [number, number] {
    return this.pair((fds) => this.libc.fn.pipe2(fds, flags))
  }

  sockets(type: number): [number, number] {
    return this.pair((fds) => this.libc.fn.socketpair(AF.UNIX, type | SOCK.NONBLOCK, 0, fds))
  }

  write(fd: number, length: number): void {
    this.note(this.libc.fn.write(fd, this.#bytes.address, length))
  }

  read(fd: number, length: number): void {
    this.note(this.libc.fn.read(fd, this.#bytes.address, length))
  }

  /** An instance that watches these. */
  epoll(...watched: readonly (readonly [number, number])[]): number {
    const ep = this.own(sys(this.libc, 'epoll_create1', 0))
    for (const [i, [fd, events]] of watched.entries()) {
      const event = new Memory(layouts.epoll_event.size)
      event.view.setUint32(0, events, true)
      event.view.setUint32(layouts.epoll_event.offsets.data, i, true)
      this.note(this.libc.fn.epoll_ctl(ep, EPOLL_CTL.ADD, fd, event.address))
    }
    return ep
  }

  wait(ep: number): void {
    const { size, offsets } = layouts.epoll_event
    const events = new Memory(8 * size)
    const count = this.note(this.libc.fn.epoll_wait(ep, events.address, 8, 0))
    for (let i = 0; i < count; i++) {
      const mask = events.view.getUint32(i * size, true).toString(16)
      this.lines.push(`${events.view.getUint32(i * size + offsets.data, true)}: ${mask}`)
    }
  }

  /** An address that is so many bytes into a page. */
  pageAt(offset: number, length: number): Memory['address'] {
    const memory = new Memory(length + 2 * PAGE)
    this.#kept.push(memory)
    return memory.at(((PAGE - (memory.address % PAGE)) % PAGE) + offset)
  }

  vmsplice(fd: number, offset: number, length: number): void {
    const vector = new Memory(layouts.iovec.size)
    vector.view.setBigUint64(layouts.iovec.offsets.base, BigInt(this.pageAt(offset, length)), true)
    vector.view.setBigUint64(layouts.iovec.offsets.len, BigInt(length), true)
    this.note(this.libc.fn.vmsplice(fd, vector.address, 1, 2))
  }

  #header(length: number, room: number): { header: Memory; control: Memory } {
    const [header, vector, control] = [
      new Memory(layouts.msghdr.size),
      new Memory(layouts.iovec.size),
      new Memory(Math.max(8, room)),
    ]
    const put = (memory: Memory, at: number, value: number): void =>
      memory.view.setBigUint64(at, BigInt(value), true)
    put(vector, layouts.iovec.offsets.base, this.#bytes.address)
    put(vector, layouts.iovec.offsets.len, length)
    put(header, layouts.msghdr.offsets.iov, vector.address)
    put(header, layouts.msghdr.offsets.iovlen, 1)
    put(header, layouts.msghdr.offsets.control, room === 0 ? 0 : control.address)
    put(header, layouts.msghdr.offsets.controllen, room)
    this.#kept.push(vector)
    return { header, control }
  }

  send(fd: number, length: number, rights: readonly number[], claimed?: number): void {
    const { size, offsets } = layouts.cmsghdr
    const { header, control } = this.#header(length, rights.length === 0 ? 0 : size + 4 * rights.length)
    if (rights.length > 0) {
      control.view.setBigUint64(offsets.len, BigInt(claimed ?? size + 4 * rights.length), true)
      control.view.setInt32(offsets.level, SOL_SOCKET, true)
      control.view.setInt32(offsets.type, SCM_RIGHTS, true)
      for (const [i, right] of rights.entries()) control.view.setInt32(size + 4 * i, right, true)
    }
    this.note(this.libc.fn.sendmsg(fd, header.address, MSG.NOSIGNAL))
  }

  /** Receives, and says how many descriptors came, what they can do, and what the header says. */
  receive(fd: number, length: number, room: number, flags = 0): number[] {
    const { size, offsets } = layouts.cmsghdr
    const { header, control } = this.#header(length, room === 0 ? 0 : size + 4 * room)
    const result = this.note(this.libc.fn.recvmsg(fd, header.address, flags))
    if (result < 0) return []
    const used = Number(header.view.getBigUint64(layouts.msghdr.offsets.controllen, true))
    const count = used < size ? 0 : (Number(control.view.getBigUint64(offsets.len, true)) - size) / 4
    const told = header.view.getInt32(layouts.msghdr.offsets.flags, true)
    const fds = Array.from({ length: count }, (_, i) => this.own(control.view.getInt32(size + 4 * i, true)))
    const modes = fds.map((one) => `${this.libc.fn.fcntl(one, F.GETFD, 0)}`).join(' ')
    this.lines.push(`${count} came, control ${used}, flags ${told.toString(16)}, ${modes}`)
    return fds
  }
}

/** What was given in a world, and on the machine. */
function onBoth(act: (side: Side) => void): { ours: Side['lines']; theirs: Side['lines'] } {
  const [ours = [], theirs = []] = [createWorld(machine), machine].map((libc) => {
    const side = new Side(libc)
    try {
      act(side)
      return side.lines
    } finally {
      side.closeAll()
    }
  })
  return { ours, theirs }
}

const { IN, OUT, ET } = EPOLL

test('splice moves slots, and says when it frees one; what it puts there takes no more', () => {
  const { ours, theirs } = onBoth((side) => {
    const { fn } = side.libc
    const [from, fill] = side.pipe()
    const [sink, to] = side.pipe()
    const move = (length: number): void => void side.note(fn.splice(from, NULL, to, NULL, length, 2))
    fn.fcntl(fill, F.SETPIPE_SZ, PAGE)
    fn.fcntl(to, F.SETPIPE_SZ, 2 * PAGE)
    const ep = side.epoll([fill, OUT | ET], [sink, IN | ET], [to, OUT | ET])
    side.wait(ep)
    for (const length of [0, 10, 10]) move(length)
    side.write(fill, 100)
    side.write(fill, PAGE)
    side.wait(ep)
    for (const length of [10, 0, 40, 200]) {
      move(length)
      side.wait(ep)
    }
    side.write(to, 5)
    side.read(sink, 7)
    side.write(to, 5)
    side.read(sink, 3)
    move(1000)
    side.wait(ep)
    side.write(to, 5)
    side.wait(ep)
    side.read(sink, PAGE)
    fn.close(fill)
    move(10)
    side.write(to, 5)
    side.wait(ep)
  })
  expect(ours).toEqual(theirs)
  expect(ours.length).toBeGreaterThan(30)
})

test('tee copies slots and leaves them; what cannot be moved says why', () => {
  const { ours, theirs } = onBoth((side) => {
    const { fn } = side.libc
    const [from, fill] = side.pipe()
    const [sink, to] = side.pipe()
    const ep = side.epoll([sink, IN | ET], [fill, OUT | ET])
    side.wait(ep)
    side.note(fn.tee(from, to, 10, 2))
    side.write(fill, 10)
    side.write(fill, PAGE)
    for (const length of [4, 0, 20, 2 * PAGE]) {
      side.note(fn.tee(from, to, length, 2))
      side.wait(ep)
    }
    side.read(sink, 64 * PAGE)
    side.read(from, 64 * PAGE)
    side.note(fn.tee(from, fill, 10, 2))
    side.note(fn.tee(fill, to, 10, 2))
    side.note(fn.splice(from, NULL, from, NULL, 1, 2))
    side.note(fn.splice(from, NULL, to, NULL, 0, 2))
    side.write(fill, 1)
    fn.close(sink)
    side.wait(ep)
  })
  expect(ours).toEqual(theirs)
  expect(ours.length).toBeGreaterThan(10)
})

test('vmsplice fills a slot for each page that it touches', () => {
  const { ours, theirs } = onBoth((side) => {
    const [sink, to] = side.pipe()
    side.libc.fn.fcntl(to, F.SETPIPE_SZ, 4 * PAGE)
    const ep = side.epoll([sink, IN | ET], [to, OUT | ET])
    side.vmsplice(to, 4000, 100)
    side.wait(ep)
    side.write(to, 50)
    side.wait(ep)
    side.vmsplice(to, 0, 3 * PAGE)
    side.wait(ep)
    side.vmsplice(to, 0, 10)
    side.read(sink, 96)
    side.wait(ep)
    side.read(sink, 64 * PAGE)
    side.wait(ep)
  })
  expect(ours).toEqual(theirs)
  expect(ours.length).toBeGreaterThan(10)
})

test.each([SOCK.STREAM, SOCK.DGRAM, SOCK.SEQPACKET])(
  'descriptors travel through sockets of type %i, as many as there is room for',
  (type) => {
    const { ours, theirs } = onBoth((side) => {
      const { fn } = side.libc
      const [a, b] = side.sockets(type)
      const counter = side.own(fn.eventfd(1, EFD.NONBLOCK))
      const [reader, writer] = side.pipe()
      const ep = side.epoll([b, IN | ET], [counter, IN])
      side.send(a, 5, [counter, reader])
      side.wait(ep)
      side.send(a, 3, [])
      side.send(a, 4, [writer])
      const [one] = side.receive(b, 2, 2, MSG.CMSG_CLOEXEC)
      if (one !== undefined) side.read(one, 8)
      side.receive(b, 100, 0)
      side.receive(b, 100, 4)
      side.receive(b, 100, 4)
      side.receive(b, 100, 4)
      side.send(a, 1, [counter, reader, writer])
      side.receive(b, 1, 1)
      side.send(a, 1, [999])
      side.send(a, 1, [counter], 8)
      side.send(a, 0, [counter])
      side.receive(b, 1, 1)
      // Without a place for them they are closed, by read as well.
      side.send(a, 2, [writer])
      fn.close(writer)
      side.read(b, 2)
      side.read(reader, 1)
      side.wait(ep)
      // On their way when the other end goes.
      side.send(a, 2, [reader])
      fn.close(b)
      side.wait(ep)
      side.send(a, 2, [reader])
      side.receive(a, 1, 1)
    })
    expect(ours).toEqual(theirs)
    expect(ours.length).toBeGreaterThan(25)
  },
)
