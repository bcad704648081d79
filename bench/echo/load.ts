/**
 * Clients of an echo server, on Node's own sockets and not on what is measured: each has one message under way, and
 * holds every byte that comes back against what it has sent. Sizes and bytes follow from a seed.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { seededRandom } from '../../src/random.ts'
import type { Random } from '../../src/random.ts'
import type { LoadResult } from './messages.ts'

const MOST_BYTES = 8192
/** Messages are parts of it. Longer than any of them, and of a length that shares no factor with powers of two. */
const POOL_BYTES = 1_000_003
/** How many connect at the same time, so that the queue of the server is not what is measured. */
const CONNECTING = 200

interface Totals {
  errors: string[]
  sentBytes: number
  receivedBytes: number
  messages: number
}

export interface Load {
  readonly port: number
  readonly connections: number
  readonly durationMs: number
  readonly seed: number
  /** Called when all are connected. */
  readonly onConnected: () => void
}

/** Connects all, keeps them busy for the time, and closes them: each must get all of its bytes, and then its end. */
export async function applyLoad({
  port,
  connections,
  durationMs,
  seed,
  onConnected,
}: Load): Promise<LoadResult> {
  const random = seededRandom(seed)
  const pool = Buffer.from(
    Uint32Array.from({ length: Math.ceil(POOL_BYTES / 4) }, () => random() * 2 ** 32).buffer,
  )
  const totals: Totals = { errors: [], sentBytes: 0, receivedBytes: 0, messages: 0 }
  const clients: Client[] = []
  while (clients.length < connections) {
    const some = Array.from({ length: Math.min(CONNECTING, connections - clients.length) }, () =>
      Client.open(port, pool, seededRandom(random() * 2 ** 32), totals),
    )
    clients.push(...(await Promise.all(some)))
  }
  onConnected()
  const until = performance.now() + durationMs
  await Promise.all(clients.map((client) => client.talk(until)))
  return totals
}

class Client {
  readonly #socket: Socket
  readonly #pool: Buffer
  readonly #random: Random
  readonly #totals: Totals
  #message: Buffer = Buffer.alloc(0)
  #received = 0
  #sentSum = 0
  #receivedSum = 0
  readonly #closed: Promise<void>
  #onBack = (): void => undefined

  private constructor(socket: Socket, pool: Buffer, random: Random, totals: Totals) {
    this.#socket = socket
    this.#pool = pool
    this.#random = random
    this.#totals = totals
    socket.on('data', (data) => this.#receive(data))
    socket.on('error', (error) => totals.errors.push(String(error)))
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        if (this.#received < this.#message.length)
          totals.errors.push('a connection has ended within a message')
        resolve()
        this.#onBack()
      })
    })
  }

  static async open(port: number, pool: Buffer, random: Random, totals: Totals): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve()
      })
    })
    const client = new Client(socket, pool, random, totals)
    // A connection in the queue of the server looks like one that it has accepted, until something comes back.
    await client.#exchange()
    return client
  }

  /** One message after the other, until the time is over. */
  async talk(until: number): Promise<void> {
    while (!this.#socket.closed && performance.now() < until) await this.#exchange()
    this.#socket.end()
    await this.#closed
    if (this.#sentSum !== this.#receivedSum) this.#totals.errors.push('the checksums of a connection differ')
  }

  /** There and back. */
  async #exchange(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onBack = resolve
      this.#send()
    })
  }

  #send(): void {
    const length = 1 + Math.floor(this.#random() ** 3 * (MOST_BYTES - 1))
    const start = Math.floor(this.#random() * (POOL_BYTES - length))
    this.#message = this.#pool.subarray(start, start + length)
    this.#received = 0
    this.#sentSum = crc32(this.#message, this.#sentSum)
    this.#totals.sentBytes += length
    this.#socket.write(this.#message)
  }

  #receive(data: Buffer): void {
    const end = this.#received + data.length
    this.#totals.receivedBytes += data.length
    this.#receivedSum = crc32(data, this.#receivedSum)
    if (!data.equals(this.#message.subarray(this.#received, end))) {
      this.#totals.errors.push(
        `bytes ${this.#received} to ${end} of ${this.#message.length} are not what was sent`,
      )
      this.#socket.destroy()
      return
    }
    this.#received = end
    if (end < this.#message.length) return
    this.#totals.messages++
    this.#onBack()
  }
}
