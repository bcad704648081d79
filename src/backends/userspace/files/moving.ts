/** splice(2), tee(2) and vmsplice(2) of pipes, as fs/splice.c moves slots without looking into them. */
import { constants as osConstants } from 'node:os'
import { complete } from '../machine/steps.ts'
import type { WaitQueue } from '../machine/wait-queue.ts'
import { INVALID } from './open-file.ts'
import { PAGE } from './pipe.ts'
import type { PipeEnd } from './pipe.ts'

const { EAGAIN, EBADF, EPIPE } = osConstants.errno

/** Why nothing can be moved at all: 0, the negative errno, or 'nothing' where there never will be anything. */
function obstacle(from: PipeEnd, to: PipeEnd): number | 'nothing' {
  if (!from.reads || !to.writes) return -EBADF
  if (from.pipe === to.pipe) return INVALID
  if (from.pipe.slots.length === 0) return from.pipe.writers === 0 ? 'nothing' : -EAGAIN
  if (to.pipe.readers === 0) return -EPIPE
  return to.pipe.isFull ? -EAGAIN : 0
}

/** Moves up to `length` bytes from one pipe to another. */
export function splice(from: PipeEnd, to: PipeEnd, length: number): number {
  if (length === 0) return 0
  const why = obstacle(from, to)
  if (why !== 0) return why === 'nothing' ? 0 : why
  const [source, target] = [from.pipe, to.pipe]
  let done = 0
  let freed = false
  for (
    let slot = source.slots[0];
    slot !== undefined && done < length && !target.isFull;
    slot = source.slots[0]
  ) {
    const size = slot.end - slot.start
    const part = Math.min(size, length - done)
    if (part === size) {
      target.slots.push(slot)
      source.slots.shift()
      freed = true
    } else {
      target.slots.push({ ...slot, end: slot.start + part, merges: false })
      slot.start += part
    }
    done += part
  }
  tellAnything(target.forReaders)
  if (freed) tellAnything(source.forWriters)
  return done
}

/** Puts what is in one pipe into another as well. */
export function tee(from: PipeEnd, to: PipeEnd, length: number): number {
  const why = length === 0 ? 0 : obstacle(from, to)
  if (why !== 0) return why === 'nothing' ? 0 : why
  let done = 0
  for (const slot of from.pipe.slots) {
    if (done >= length || to.pipe.isFull) break
    const part = Math.min(slot.end - slot.start, length - done)
    to.pipe.slots.push({ ...slot, end: slot.start + part, merges: false })
    done += part
  }
  if (done > 0) tellAnything(to.pipe.forReaders)
  return done
}

/** Puts bytes at an address into a pipe: a slot for each page that they lie in. */
export function addPages(to: PipeEnd, address: number, bytes: Uint8Array): number {
  if (!to.writes) return -EBADF
  const { pipe } = to
  if (pipe.readers === 0) return -EPIPE
  if (pipe.isFull) return -EAGAIN
  let done = 0
  while (done < bytes.length && !pipe.isFull) {
    const part = Math.min(PAGE - ((address + done) % PAGE), bytes.length - done)
    pipe.slots.push({
      bytes: bytes.slice(done, done + part),
      start: 0,
      end: part,
      packet: false,
      merges: false,
    })
    done += part
  }
  if (done > 0) tellAnything(pipe.forReaders)
  return done
}

function tellAnything(queue: WaitQueue): void {
  complete(queue.notify(0))
}
