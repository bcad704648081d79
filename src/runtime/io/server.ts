/** Sockets that others connect to, and connecting to them. */
import { constants as osConstants } from 'node:os'
import { SO, SOCK, SOL_SOCKET } from '../../libc/constants/linux.ts'
import type { Routine } from '../fiber.ts'
import { ADDRESS_BYTES, addressText, decodeAddress, encodeAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import type { Calls, DeadlineMs, Target } from './calls.ts'
import { MessageSocket } from './messages.ts'
import { Pauses } from './pauses.ts'
import { openDescriptor, Socket } from './socket.ts'
import type { BindOptions, SocketMode } from './socket.ts'
import { Stream } from './stream.ts'

const { EAGAIN, EALREADY, EINPROGRESS, EINTR, EISCONN } = osConstants.errno

export interface ListenOptions extends BindOptions {
  /** How many connections wait to be accepted. Default: 128. */
  readonly backlog?: number
  readonly mode?: 'stream' | 'seqpacket'
}

export interface ConnectOptions {
  /** Default: no limit but that of the kernel. */
  readonly timeoutMs?: number
  readonly mode?: SocketMode
  readonly protocol?: number
}

/** A socket that is listened on. The file of a unix socket is left where it is when this is closed. */
export class Server extends Socket {
  readonly #mode: SocketMode

  /** For `Io`. */
  constructor(calls: Calls, fd: number, address: Address, mode: SocketMode) {
    super(calls, fd, address)
    this.#mode = mode
  }

  /**
   * Waits for a connection. Several fibers may; each connection comes to one. Throws `SocketError`: of
   * `connection-aborted` nothing is left but the next connection, and of `process-fd-quota-exceeded` and other
   * shortages the connection waits on, so that the next call fails at once, too: who goes on sleeps before.
   */
  *accept(): Routine<Stream> {
    const { calls } = this
    const { address, word } = calls.memory
    const fd = yield* calls.whenReady('accept', this, 'read', () => {
      word.view.setUint32(0, ADDRESS_BYTES, true)
      const flags = SOCK.NONBLOCK | SOCK.CLOEXEC
      return calls.libc.fn.accept4(this.fd, address.address, word.address, flags)
    })
    const peer = decodeAddress(address, word.view.getUint32(0, true))
    return new Stream(calls, fd, this.address, peer, this.#mode)
  }
}

/** Opens a socket that is listened on: see `Io.listen`. */
export function openServer(calls: Calls, address: Address, options: ListenOptions): Server {
  const { backlog = 128, mode = 'stream', protocol } = options
  const server = new Server(calls, openDescriptor(calls, address, mode, protocol), address, mode)
  return orClosed(server, () => {
    server.setOptions({ reuseAddress: address.family !== 'unix', ...options })
    server.bind(address)
    calls.atOnce('listen', server.label, () => calls.libc.fn.listen(server.fd, backlog))
  })
}

/** Opens a socket that is bound: see `Io.bind`. */
export function openBound(calls: Calls, address: Address, options: BindOptions): MessageSocket {
  const socket = new MessageSocket(
    calls,
    openDescriptor(calls, address, 'datagram', options.protocol),
    address,
  )
  return orClosed(socket, () => {
    socket.setOptions(options)
    socket.bind(address)
  })
}

/** Leaves no descriptor where something cannot be. */
function orClosed<S extends Socket>(socket: S, prepare: () => void): S {
  try {
    prepare()
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Connects: see `Io.connect`. */
export function* openConnection(calls: Calls, peer: Address, options: ConnectOptions): Routine<Stream> {
  const { mode = 'stream', protocol, timeoutMs } = options
  const deadlineMs = calls.deadline(timeoutMs)
  const stream = new Stream(calls, openDescriptor(calls, peer, mode, protocol), unnamed, peer, mode)
  let isConnected = false
  try {
    yield* connecting(calls, stream, deadlineMs)
    stream.learnAddress()
    isConnected = true
    return stream
  } finally {
    // Whatever has ended it, and be it that the scheduler was closed.
    if (!isConnected) stream.close()
  }
}

/** What a socket is that has no name yet. */
const unnamed: Address = { family: 'unix', path: '' }

/** Until the kernel says that it is connected, however early a wake comes. */
function* connecting(calls: Calls, stream: Stream, deadlineMs: DeadlineMs): Routine {
  const { peer } = stream
  const target: Target = {
    // `Io.close` closes what is on its way, too.
    get fd() {
      return stream.fd
    },
    label: `to ${addressText(peer)}`,
  }
  const pauses = new Pauses(calls, 'connect', target, deadlineMs)
  let isBegun = false
  if (calls.endsTurn()) yield calls.giveWay()
  for (;;) {
    calls.assertOpen('connect', target)
    calls.cancellation.check('connect')
    const length = encodeAddress(peer, calls.memory.address)
    if (calls.libc.fn.connect(stream.fd, calls.memory.address.address, length) !== -1) return
    const errno = calls.libc.errno()
    if (isBegun && errno === EISCONN) return
    if (errno === EINPROGRESS || errno === EINTR || (isBegun && errno === EALREADY)) {
      isBegun = true
      yield* calls.block('connect', target, 'write', deadlineMs)
      calls.assertOpen('connect', target)
      calls.assertNotFailed('connect', target)
      assertNoError(calls, stream.fd, target.label)
    } else if (errno === EAGAIN) {
      // The queue of a unix server is full, which no descriptor tells the end of.
      yield* pauses.next()
    } else {
      throw calls.error(errno, 'connect', target.label)
    }
  }
}

/** What has become of a connection that was on its way. */
function assertNoError(calls: Calls, fd: number, label: string): void {
  const { word, address } = calls.memory
  calls.atOnce('getsockopt', label, () => {
    word.view.setUint32(0, 4, true)
    return calls.libc.fn.getsockopt(fd, SOL_SOCKET, SO.ERROR, address.address, word.address)
  })
  const errno = address.view.getInt32(0, true)
  if (errno !== 0) throw calls.error(errno, 'connect', label)
}
