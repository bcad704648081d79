/** What all sockets have: a descriptor with an owner, an address, and an end. */
import { IPPROTO_IPV6, IPV6_V6ONLY, SO, SOCK, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { ADDRESS_BYTES, addressText, decodeAddress, domainOf, encodeAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import type { Calls, Target } from './calls.ts'

/** `seqpacket` is a stream that keeps the borders of messages; only unix sockets have it. */
export type SocketMode = 'stream' | 'datagram' | 'seqpacket'

const types = { stream: SOCK.STREAM, datagram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const

export interface BindOptions {
  /** What a socket is bound to although connections of an old one still end there. Default: true where it is listened. */
  readonly reuseAddress?: boolean
  /** An IPv6 socket that takes no IPv4. Default: as the machine is configured, usually false. */
  readonly ip6Only?: boolean
  /** The protocol number; 0, the usual one of the mode, by default. */
  readonly protocol?: number
}

/** A socket, to be closed by its owner: by `close`, or at the end of the block of a `using` declaration. */
export class Socket implements Target, Disposable {
  protected readonly calls: Calls
  #fd: number
  /** What the descriptor was, for errors. */
  readonly #number: number
  #address: Address

  /** For `Io`, which opens them. */
  constructor(calls: Calls, fd: number, address: Address) {
    this.calls = calls
    this.#fd = this.#number = fd
    this.#address = address
    calls.open.add(this)
  }

  /** The descriptor; -1 once it is closed. */
  get fd(): number {
    return this.#fd
  }

  /** What errors call it. */
  get label(): string {
    return `${addressText(this.#address)} (fd ${this.#number})`
  }

  /** Its own address; of a connection that was accepted, that of its server. */
  get address(): Address {
    return this.#address
  }

  /**
   * Closes it, which waits for nothing. Fibers that wait for it get a `SocketError` (`closed`), as all that is called
   * from then on does. Closing twice is closing once.
   */
  close(): void {
    const fd = this.#fd
    if (fd < 0) return
    this.#fd = -1
    this.calls.open.delete(this)
    this.calls.cancellation.scheduler.forgetFd(fd)
    this.calls.libc.fn.close(fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** For `Io`: asks the kernel for its address, of which a part may have been left to it. */
  learnAddress(): void {
    const { calls } = this
    const { fn } = calls.libc
    const { address, word } = calls.memory
    calls.atOnce('getsockname', this.label, () => {
      word.view.setUint32(0, ADDRESS_BYTES, true)
      return fn.getsockname(this.#fd, address.address, word.address)
    })
    this.#address = decodeAddress(address, word.view.getUint32(0, true))
  }

  /** For `Io`. */
  bind(address: Address): void {
    const { calls } = this
    calls.atOnce('bind', addressText(address), () => {
      const length = encodeAddress(address, calls.memory.address)
      return calls.libc.fn.bind(this.#fd, calls.memory.address.address, length)
    })
    this.learnAddress()
  }

  /** For `Io`. */
  setOptions({ reuseAddress, ip6Only }: BindOptions): void {
    if (reuseAddress !== undefined) this.#setOption(SOL_SOCKET, SO.REUSEADDR, reuseAddress)
    if (ip6Only !== undefined) this.#setOption(IPPROTO_IPV6, IPV6_V6ONLY, ip6Only)
  }

  #setOption(level: number, name: number, isOn: boolean): void {
    const { calls } = this
    const { word } = calls.memory
    calls.atOnce('setsockopt', this.label, () => {
      word.view.setInt32(0, Number(isOn), true)
      return calls.libc.fn.setsockopt(this.#fd, level, name, word.address, 4)
    })
  }
}

/** Opens a descriptor for sockets of a family, which does not block and is closed on exec. */
export function openDescriptor(calls: Calls, address: Address, mode: SocketMode, protocol = 0): number {
  const type = types[mode] | SOCK.NONBLOCK | SOCK.CLOEXEC
  return calls.atOnce('socket', `for ${addressText(address)}`, () =>
    calls.libc.fn.socket(domainOf(address), type, protocol),
  )
}
