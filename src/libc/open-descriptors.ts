import { closeSync, openSync, readdirSync } from 'node:fs'
import { F, SEEK_SET } from './constants/linux.ts'
import { syscallNumbers } from './constants/syscalls.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'

/** Without /proc, this many descriptors are looked at one by one. */
const DESCRIPTORS_WITHOUT_PROC = 256

const LIST = '/proc/self/fd'

/** The descriptors of this process that are open right now, but for the one that reads the list. */
export function openDescriptors(libc: Libc): ReadonlySet<number> {
  let listed: Set<number>
  let reader: number
  try {
    reader = lowestFree()
    listed = new Set(readdirSync(LIST).map(Number))
  } catch {
    return new Set(
      openAmong(
        libc,
        Array.from({ length: DESCRIPTORS_WITHOUT_PROC }, (_, fd) => fd),
      ),
    )
  }
  // The list has the descriptor that reads it, which is the lowest that was free. Where another thread has just
  // taken that one, the list does not say which it is, and each must be asked whether it is open.
  if (listed.delete(reader) && lowestFree() === reader) return listed
  listed.add(reader)
  return new Set(openAmong(libc, [...listed]))
}

function lowestFree(): number {
  const fd = openSync(LIST, 'r')
  closeSync(fd)
  return fd
}

function openAmong(libc: Libc, numbers: readonly number[]): number[] {
  return numbers.filter((fd) => libc.fn.fcntl(fd, F.GETFD, 0) !== -1)
}

/** `struct linux_dirent64`: the length of an entry, and where its name begins, which ends with a zero. */
const ENTRY = { length: 16, name: 19 } as const

/** Room for the entries of some three hundred descriptors; of more there are several pieces. */
const PIECE_BYTES = 8192

const [ZERO, NINE] = [0x30, 0x39]

/**
 * The same list for those who look again and again. It stays open, and so is read by one call in the place of some ten,
 * and no descriptor comes and goes for it. Its own is in the list. Where it cannot be had, each look is `openDescriptors`.
 */
export class DescriptorList implements Disposable {
  readonly #libc: Libc
  readonly #fd: number | undefined
  readonly #entries = new Memory(PIECE_BYTES)

  constructor(libc: Libc) {
    this.#libc = libc
    try {
      this.#fd = openSync(LIST, 'r')
    } catch {
      this.#fd = undefined
    }
  }

  /** The descriptors of this process that are open right now. */
  read(): ReadonlySet<number> {
    return this.#read() ?? openDescriptors(this.#libc)
  }

  #read(): ReadonlySet<number> | undefined {
    const { syscall, lseek } = this.#libc.fn
    const number = syscallNumbers()?.getdents64
    if (this.#fd === undefined || number === undefined) return undefined
    if (lseek(this.#fd, 0, SEEK_SET) !== 0) return undefined
    const found = new Set<number>()
    for (;;) {
      const length = syscall(number, this.#fd, this.#entries.address, PIECE_BYTES, 0, 0, 0)
      if (length === 0) return found
      if (length < 0 || length > PIECE_BYTES) return undefined
      this.#addNumbers(found, length)
    }
  }

  #addNumbers(found: Set<number>, length: number): void {
    const { view, bytes } = this.#entries
    for (let at = 0; at < length; at += Math.max(ENTRY.name, view.getUint16(at + ENTRY.length, true))) {
      let fd = 0
      let next = at + ENTRY.name
      for (let digit = bytes[next] ?? 0; digit >= ZERO && digit <= NINE; digit = bytes[++next] ?? 0)
        fd = fd * 10 + digit - ZERO
      // The other two entries are `.` and `..`.
      if (next > at + ENTRY.name) found.add(fd)
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
