/** eventfd(2). */
import { constants as osConstants } from 'node:os'
import { EPOLL, O } from '../../../libc/constants/linux.ts'
import type { Steps } from '../machine/steps.ts'
import { OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'

const { EAGAIN, EFAULT, EINVAL } = osConstants.errno

const SIZE = 8
const MAX = 2n ** 64n - 1n

export class EventCounter extends OpenFile {
  readonly accessMode = O.RDWR
  readonly #semaphore: boolean
  #count: bigint

  constructor(initial: bigint, semaphore: boolean, nonblocking: boolean) {
    super(nonblocking)
    this.#count = initial
    this.#semaphore = semaphore
  }

  /** Readable while it is not zero, writable while one more can be added. */
  readiness(): number {
    return (
      (this.#count > 0n ? EPOLL.IN : 0) |
      (this.#count === MAX ? EPOLL.ERR : 0) |
      (this.#count < MAX - 1n ? EPOLL.OUT : 0)
    )
  }

  read(into: Bytes, length: number): number {
    if (length < SIZE) return -EINVAL
    if (this.#count === 0n) return -EAGAIN
    const taken = this.#semaphore ? 1n : this.#count
    this.#count -= taken
    this.tell(EPOLL.OUT, ...this.queues)
    // The kernel takes the count before it finds that there is nowhere to put it.
    if (into === undefined) return -EFAULT
    viewOf(into).setBigUint64(0, taken, true)
    return SIZE
  }

  write(from: Bytes, length: number): number {
    if (length !== SIZE) return -EINVAL
    if (from === undefined) return -EFAULT
    const value = viewOf(from).getBigUint64(0, true)
    if (value === MAX) return -EINVAL
    if (MAX - this.#count <= value) return -EAGAIN
    this.#count += value
    // Also when nothing was added: who watches for edges gets one.
    this.tell(EPOLL.IN, ...this.queues)
    return SIZE
  }

  /** Adds one, as the kernel itself does (`eventfd_signal`): it does not wait for room, and stops at the maximum. */
  add(): void {
    if (this.#count < MAX) this.#count += 1n
    this.tell(EPOLL.IN, ...this.queues)
  }

  /** Adds one, cut at its steps. */
  *signal(): Steps<void> {
    yield 'add to the counter'
    this.#count++
    yield* this.telling(EPOLL.IN)
  }

  /** Takes what is there, cut at its steps. */
  *drain(): Steps<void> {
    yield `take from the counter`
    if (this.#count === 0n) return
    this.#count = 0n
    yield* this.telling(EPOLL.OUT)
  }

  release(): void {}
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
