/** Datagrams and other messages over real sockets, over each backend. */
import { describe, expect, test } from 'vitest'
import { F, FD_CLOEXEC, SCM_RIGHTS, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { openPipe, OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { Memory } from '../../libc/memory.ts'
import { testedBackends, testedLibc } from '../../testing/backends.ts'
import { NOTHING_LEFT, outcomeOf } from '../../testing/io.ts'
import { realIo } from '../../testing/real-io.ts'
import type { Address } from './addresses.ts'
import { IncomingMessage } from './messages.ts'
import type { OutgoingMessage } from './messages.ts'
import { partOf, textBytes } from './vectors.ts'

let names = 0
const abstract = (): Address => ({ family: 'unix', path: `\0evloop-messages-${process.pid}-${names++}` })
const room = (bytes = 64): IncomingMessage => new IncomingMessage(partOf(new Memory(bytes), 0, bytes))
const textOf = ({ data, length }: IncomingMessage): string =>
  Buffer.from(data.bytes.subarray(0, length)).toString()

const families: readonly (readonly [string, () => Address])[] = [
  ['IPv4', () => ({ family: 'ip4', address: '127.0.0.1', port: 0 })],
  ['IPv6', () => ({ family: 'ip6', address: '::1', port: 0 })],
  ['unix', abstract],
]

describe.each(testedBackends)('over %s', (_name, backend) => {
  test.each(families)(
    'datagrams of %s arrive, with their sender, several by one call',
    (_family, addressOf) => {
      using real = realIo(testedLibc, backend)
      const { io } = real
      real.run(function* () {
        using a = io.bind(addressOf())
        using b = io.bind(addressOf())
        const texts = ['one', '', 'three']
        const sending = io.async(function* () {
          yield* io.sleep(1)
          const messages: OutgoingMessage[] = texts.map((text) => ({ data: textBytes(text), to: b.address }))
          expect(yield* a.send(messages)).toBe(3)
          expect(messages.map(({ sent }) => sent)).toEqual([3, 0, 5])
        })
        const messages = Array.from({ length: 5 }, () => room())
        const got: string[] = []
        while (got.length < 3) {
          const n = yield* b.receive(messages, { timeoutMs: 10_000 })
          for (const message of messages.slice(0, n)) {
            expect(message.from).toEqual(a.address)
            got.push(textOf(message))
          }
        }
        expect(got).toEqual(texts)
        yield* io.await(sending)
      })
      expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
    },
  )

  test('a message that is looked at stays, and one that has no room is cut, and says so', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    real.run(function* () {
      using a = io.bind(abstract())
      using b = yield* io.connect(a.address, { mode: 'datagram' })
      yield* b.send([{ data: textBytes('first') }, { data: textBytes('second') }])
      const message = room(3)
      for (const wholeLength of [false, true]) {
        expect(yield* a.receive([message, room()], { peek: true, wholeLength })).toBe(1)
        expect([message.length, message.isTruncated]).toEqual([wholeLength ? 5 : 3, true])
      }
      const second = room()
      expect(yield* a.receive([message, second])).toBe(2)
      expect([textOf(message), message.isTruncated, textOf(second), second.isTruncated]).toEqual([
        'fir',
        true,
        'second',
        false,
      ])
    })
  })

  test('urgent data is received beside what comes in line, and is not waited for', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    real.run(function* () {
      using server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 })
      using client = yield* io.connect(server.address)
      using accepted = yield* server.accept()
      const message = room()
      expect(yield* accepted.receive([message], { urgent: true })).toBe(0)
      yield* client.send([{ data: textBytes('in line') }])
      yield* client.send([{ data: textBytes('!') }], { urgent: true })
      let tries = 0
      while ((yield* accepted.receive([message], { urgent: true })) === 0 && tries++ < 1000)
        yield* io.sleep(1)
      expect([textOf(message), message.isUrgent]).toEqual(['!', true])
      expect(yield* accepted.receive([message], { urgent: true })).toBe(0)
      expect(yield* accepted.receive([message])).toBe(1)
      expect([textOf(message), message.isUrgent]).toEqual(['in line', false])
      const canceled = io.async(() => outcomeOf(accepted.receive([message], { urgent: true })))
      io.requestCancel(canceled)
      expect(yield* io.await(canceled)).toBe('canceled: receive')
      accepted.close()
      expect(yield* outcomeOf(accepted.receive([message], { urgent: true }))).toMatch(/closed$/)
    })
  })

  test('no message within the time limit is a timeout, and nothing stays registered', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    real.run(function* () {
      using socket = io.bind(abstract())
      const before = io.now()
      expect(yield* outcomeOf(socket.receive([room()], { timeoutMs: 5 }))).toMatch(
        /SocketError: receive .* timeout$/,
      )
      expect(io.now() - before).toBeGreaterThanOrEqual(5)
      expect(real.left()).toBe(0)
      expect(yield* outcomeOf(socket.receive([]))).toMatch('RangeError')
      expect(yield* outcomeOf(socket.receive([room()], { timeoutMs: -1 }))).toMatch('RangeError')
    })
  })

  test('send waits until the receiver has room', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    const COUNT = 2000
    real.run(function* () {
      using a = io.bind(abstract())
      using b = yield* io.connect(a.address, { mode: 'datagram' })
      const payload = new Memory(1000)
      const sender = io.async(() => b.send(Array.from({ length: COUNT }, () => ({ data: payload }))))
      yield* io.sleep(5)
      expect(sender.state).toBe('running')
      const messages = Array.from({ length: 7 }, () => room(1000))
      let got = 0
      while (got < COUNT) got += yield* a.receive(messages, { timeoutMs: 10_000 })
      expect([got, yield* io.await(sender)]).toEqual([COUNT, COUNT])
    })
    expect(real.left()).toBe(0)
  })

  test('a descriptor goes along as a control message, and is closed on exec', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    const { cmsghdr } = layouts
    real.run(function* () {
      using server = io.listen(abstract(), { mode: 'seqpacket' })
      using client = yield* io.connect(server.address, { mode: 'seqpacket' })
      using accepted = yield* server.accept()
      const [read, write] = openPipe(testedLibc)
      using _read = read
      using _write = write
      const control = new Memory(cmsghdr.size + 8)
      control.view.setUint32(cmsghdr.offsets.len, cmsghdr.size + 4, true)
      control.view.setInt32(cmsghdr.offsets.level, SOL_SOCKET, true)
      control.view.setInt32(cmsghdr.offsets.type, SCM_RIGHTS, true)
      control.view.setInt32(cmsghdr.size, read.fd, true)
      yield* client.send([{ data: textBytes('x'), control }], { endOfRecord: true })
      const space = new Memory(cmsghdr.size + 8)
      const message = new IncomingMessage(new Memory(8), space)
      expect(yield* accepted.receive([message])).toBe(1)
      expect([message.length, message.controlLength, message.isControlTruncated]).toEqual([
        1,
        cmsghdr.size + 8,
        false,
      ])
      using passed = new OwnedFd(testedLibc, space.view.getInt32(cmsghdr.size, true))
      expect(passed.fd).not.toBe(read.fd)
      expect(testedLibc.fn.fcntl(passed.fd, F.GETFD, 0)).toBe(FD_CLOEXEC)
      client.close()
      expect([yield* accepted.receive([message, room()]), message.length, message.from]).toEqual([
        1,
        0,
        undefined,
      ])
    })
  })
})
