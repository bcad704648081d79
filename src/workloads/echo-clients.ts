import { MeasurementError } from '../errors.ts'
import { POLL } from '../libc/constants/linux.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { layouts } from '../libc/layouts.ts'
import { Memory } from '../libc/memory.ts'
import { openTcpClient } from '../libc/tcp-pair.ts'
import { countLost } from './runtime.ts'
import type { RuntimeSetting } from './runtime.ts'
import { LOST_AFTER_MS } from './wait.ts'

/** A small request, and its response. */
export const MESSAGE_BYTES = 64

/** The clients of an echo server, which are the same whatever the server is written in. They wait in no Poller. */
export class EchoClients {
  /** How many send in each cycle. They are evenly spread. */
  readonly active: number
  readonly #setting: RuntimeSetting
  readonly #count: number
  readonly #step: number
  readonly #clients: OwnedFd[] = []
  /** Their connections, as the server has them. */
  readonly #served: number[] = []
  /** What each sends: its number, and that of the cycle. */
  readonly #messages: Memory[] = []
  readonly #received = new Memory(MESSAGE_BYTES)
  readonly #entry = new Memory(layouts.pollfd.size)
  #cycle = 0

  constructor(setting: RuntimeSetting, count: number, active: number) {
    this.#setting = setting
    this.#count = count
    this.#step = Math.floor(count / active)
    this.active = active
  }

  /** Connects one after the other; `accept` gives the server's descriptor of each. Throws `SystemError`. */
  connect(name: Memory, accept: () => number): void {
    for (let i = 0; i < this.#count; i++) {
      this.#clients.push(openTcpClient(this.#setting.lanes[0].libc, name))
      this.#served.push(accept())
      const message = new Memory(MESSAGE_BYTES)
      for (let at = 0; at < MESSAGE_BYTES; at += 4) message.view.setUint32(at, i + at, true)
      this.#messages.push(message)
    }
  }

  /** Those that are active send. */
  send(): void {
    const { lanes, poller, events } = this.#setting
    this.#cycle = (this.#cycle + 1) >>> 0
    for (let i = 0, n = 0; n < this.active; i += this.#step, n++) {
      const message = this.#messages[i] as Memory
      message.view.setUint32(4, this.#cycle, true)
      poller.expect(this.#served[i] ?? -1)
      events.expected++
      lanes[0].libc.fn.send(this.#clients[i]?.fd ?? -1, message.address, MESSAGE_BYTES, 0)
    }
  }

  /** To be called by the server when it has read what one has sent. */
  arrived(served: number): void {
    this.#setting.poller.drained(served)
  }

  /** Takes what has come back, which was sent before. Throws `MeasurementError` where it is something else. */
  receive(): void {
    const { events } = this.#setting
    for (let i = 0, n = 0; n < this.active; i += this.#step, n++) {
      if (!this.#receive(this.#clients[i]?.fd ?? -1)) break
      if (Buffer.compare(this.#received.bytes, (this.#messages[i] as Memory).bytes) !== 0) {
        throw new MeasurementError(`connection ${i} got other bytes back than it has sent`)
      }
      events.seen++
    }
    countLost(events)
  }

  /** Whether something came, for which it waits no longer than for any event. */
  #receive(fd: number): boolean {
    const { fn } = this.#setting.lanes[0].libc
    const { bytes } = this.#received
    let received = 0
    while (received < bytes.length) {
      const n = fn.recv(fd, this.#received.at(received), bytes.length - received, 0)
      if (n > 0) received += n
      else if (n === 0 || !this.#waitFor(fd)) return false
    }
    return true
  }

  /** Loopback delivers before the call of who sends returns, or soon after. */
  #waitFor(fd: number): boolean {
    const { view, address } = this.#entry
    view.setInt32(layouts.pollfd.offsets.fd, fd, true)
    view.setInt16(layouts.pollfd.offsets.events, POLL.IN, true)
    return this.#setting.lanes[0].libc.fn.poll(address, 1, LOST_AFTER_MS) > 0
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}
