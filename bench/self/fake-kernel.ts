/** A kernel that has any number of descriptors, agrees to everything, and takes no time: what is left is ours. */
import { layouts } from '../../src/libc/layouts.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { Memory } from '../../src/libc/memory.ts'
import { NULL } from '../../src/libc/signatures.ts'
import type { Pointer } from '../../src/libc/signatures.ts'

/** A descriptor that the fake epoll has; it is never handed to the real kernel. */
const EPOLL_FD = 1_000_000

/** Readable: EPOLLIN and POLLIN are the same bit. */
const IN = 1

/** A Libc on that kernel. `ready`: the descriptors that every wait reports, in that order. */
export function fakeKernel(real: Libc, ready: readonly number[] = []): Libc {
  let prepared = false
  /** Puts events where a backend will look for them: once, because nobody clears them. */
  const prepare = (address: Pointer, events: () => Memory): number => {
    if (!prepared) copyTo(real, address, events())
    prepared = true
    return ready.length
  }
  return {
    ...real,
    fn: {
      ...real.fn,
      epoll_create1: () => EPOLL_FD,
      epoll_ctl: () => 0,
      epoll_wait: (_, address) => prepare(address, () => epollEvents(ready)),
      poll: (address) => prepare(address, () => pollEntries(ready)),
      fcntl: () => 0,
      close: (fd) => (fd === EPOLL_FD ? 0 : real.fn.close(fd)),
    },
  }
}

/** What epoll_wait leaves: each registration is its descriptor's first one. */
function epollEvents(ready: readonly number[]): Memory {
  const { size, offsets } = layouts.epoll_event
  const memory = new Memory(ready.length * size)
  for (const [index, fd] of ready.entries()) {
    memory.view.setUint32(index * size + offsets.events, IN, true)
    memory.view.setInt32(index * size + offsets.data, fd, true)
    memory.view.setUint32(index * size + offsets.data + 4, 1, true)
  }
  return memory
}

/** What poll leaves. */
function pollEntries(ready: readonly number[]): Memory {
  const { size, offsets } = layouts.pollfd
  const memory = new Memory(ready.length * size)
  for (const [index, fd] of ready.entries()) {
    memory.view.setInt32(index * size + offsets.fd, fd, true)
    memory.view.setInt16(index * size + offsets.events, IN, true)
    memory.view.setInt16(index * size + offsets.revents, IN, true)
  }
  return memory
}

/** memccpy(3) stops behind every zero, and is called again from there. */
function copyTo({ fn }: Libc, address: Pointer, source: Memory): void {
  const { length } = source.bytes
  for (let done = 0; done < length;) {
    const end = fn.memccpy((address + done) as Pointer, source.at(done), 0, length - done)
    done = end === NULL ? length : end - address
  }
}
