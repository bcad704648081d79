/**
 * Where a child process is: which check it is in, and at which step. The parent asks only when the child has died,
 * and now and then whether it still gets on, so the child writes it into a file that both have open: a message for
 * each of ten thousand steps would keep both processes busy with nothing else.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAP, PROT } from '../libc/constants/linux.ts'
import { bytesAt, sys } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { NULL } from '../libc/signatures.ts'

/** Room for a step in words; what is longer is cut off. */
const ROOM_BYTES = 1024

export interface Place {
  /** Which of the checks that the child was told to run, counted from 0. */
  readonly check: number
  /** Empty before the first step. */
  readonly step: string
}

/** The side of the parent. */
export class Whereabouts {
  readonly fd: number
  readonly #bytes = Buffer.alloc(ROOM_BYTES)

  private constructor(fd: number) {
    this.fd = fd
  }

  /** Undefined where no file can be made. */
  static open(): Whereabouts | undefined {
    // Memory first: nothing of this is worth a disk.
    for (const directory of ['/dev/shm', tmpdir()]) {
      const path = join(directory, `evloop-${randomUUID()}`)
      try {
        const fd = openSync(path, 'wx+', 0o600)
        // Only the descriptors are needed, and nothing stays behind, however the two processes end.
        unlinkSync(path)
        // So large from the start, because the child has it in its memory.
        ftruncateSync(fd, ROOM_BYTES)
        return new Whereabouts(fd)
      } catch {
        continue
      }
    }
    return undefined
  }

  /** Where the child is; undefined before its first check. */
  read(): Place | undefined {
    const length = readSync(this.fd, this.#bytes, 0, ROOM_BYTES, 0)
    const text = this.#bytes.toString('utf8', 0, length)
    const [check, step] = text.slice(0, Math.max(0, text.indexOf('\0'))).split('\n')
    return check === undefined || step === undefined ? undefined : { check: Number(check), step }
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** The side of the child: says where it is, by no system call if the file can be mapped. */
export function whereaboutsWriter(libc: Libc, fd: number): (place: Place) => void {
  const mapped = mappedFile(libc, fd)
  const bytes = mapped ?? Buffer.alloc(ROOM_BYTES)
  return ({ check, step }) => {
    // A text that is cut off within a character ends with a replacement for it. The zero ends what is new: the
    // rest of what was longer before stays behind it.
    const length = bytes.write(`${check}\n${step}`, 0, ROOM_BYTES - 1, 'utf8')
    bytes[length] = 0
    if (mapped === undefined) writeSync(fd, bytes, 0, length + 1, 0)
  }
}

/** The file in memory, for as long as the process lives; undefined where that cannot be. */
function mappedFile(libc: Libc, fd: number): Buffer | undefined {
  try {
    const address = sys(libc, 'mmap', NULL, ROOM_BYTES, PROT.READ | PROT.WRITE, MAP.SHARED, fd, 0)
    const { buffer, byteOffset, byteLength } = bytesAt(address, ROOM_BYTES)
    return Buffer.from(buffer, byteOffset, byteLength)
  } catch {
    return undefined
  }
}
