/** What Pollers and loops watch in the random tests, and all that may happen to it. */
import fc from 'fast-check'
import { Interest } from '../backends/backend.ts'
import { SHUT } from '../libc/constants/linux.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { drain, fill, write } from './native.ts'

const { READ, WRITE } = Interest

/** The descriptor that is watched, and the other end, through which it is made ready. */
type Ends = readonly [watched: OwnedFd, peer: OwnedFd]

/**
 * The kinds of sources, and which interest makes sense in each. A hang-up without its interest is reported by
 * epoll and poll but not by select, which is the difference that the `hangup` capability stands for; so a
 * reading end is not asked for writability, of which it could only have a hang-up.
 */
const kinds: readonly {
  readonly name: 'pipe' | 'socket' | 'eventfd'
  readonly open: (libc: Libc) => Ends
  readonly interests: readonly number[]
}[] = [
  { name: 'pipe', open: (libc): Ends => openPipe(libc), interests: [READ] },
  {
    name: 'pipe',
    open: (libc): Ends => {
      const [reader, writer] = openPipe(libc)
      return [writer, reader]
    },
    interests: [WRITE, READ | WRITE],
  },
  { name: 'socket', open: (libc): Ends => openSocketpair(libc), interests: [READ, WRITE, READ | WRITE] },
  {
    name: 'eventfd',
    open: (libc): Ends => {
      const both = openEventfd(libc)
      return [both, both]
    },
    interests: [READ, WRITE, READ | WRITE],
  },
]

/** Two sources of each kind. */
export const SOURCES = 2 * kinds.length

/** What may happen to a source while it is watched. */
const changes = ['write', 'fill', 'drain', 'drain-peer', 'half-close', 'close-peer'] as const
export type Change = (typeof changes)[number]
export const anyChange = fc.constantFrom(...changes)

/** The largest value of an eventfd: with it, nothing more can be written. */
const largest = new Memory(8)
largest.view.setBigUint64(0, 2n ** 64n - 2n, true)

export class Source {
  readonly #libc: Libc
  readonly #kind: (typeof kinds)[number]
  #ends: Ends

  /** A source of the kind that `number` stands for: consecutive numbers are of different kinds. */
  constructor(libc: Libc, number: number) {
    const kind = kinds[number % kinds.length]
    if (kind === undefined) throw new RangeError(`there is no source ${number}`)
    this.#libc = libc
    this.#kind = kind
    this.#ends = kind.open(libc)
  }

  get kind(): 'pipe' | 'socket' | 'eventfd' {
    return this.#kind.name
  }

  get fd(): number {
    return this.#ends[0].fd
  }

  /** One of the interests that make sense. */
  interest(pick: number): number {
    return this.#kind.interests[pick % this.#kind.interests.length] ?? READ
  }

  change(change: Change): void {
    const [watched, peer] = this.#ends
    if (change === 'write') write(this.#libc, peer.fd)
    else if (change === 'fill') this.#fill()
    else if (change === 'drain') drain(this.#libc, watched.fd)
    else if (change === 'drain-peer') drain(this.#libc, peer.fd)
    // Of these two, the first does nothing to a pipe, and the second nothing to an eventfd, which is its own peer.
    else if (change === 'half-close') this.#libc.fn.shutdown(peer.fd, SHUT.WR)
    else if (peer !== watched) peer.close()
  }

  #fill(): void {
    const [watched, peer] = this.#ends
    if (watched !== peer) {
      fill(this.#libc, watched.fd)
      return
    }
    drain(this.#libc, watched.fd)
    this.#libc.fn.write(watched.fd, largest.address, 8)
  }

  /** Closes both ends and opens others, which most often have the same numbers. */
  replace(): void {
    this.close()
    this.#ends = this.#kind.open(this.#libc)
  }

  close(): void {
    for (const end of this.#ends) end.close()
  }
}
