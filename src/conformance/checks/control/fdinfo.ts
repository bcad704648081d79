import { readFileSync } from 'node:fs'
import type { Libc } from '../../../libc/libc.ts'

/** An entry of an epoll as the kernel shows it in /proc/PID/fdinfo. */
export interface Watch {
  readonly fd: number
  /** As it was given, with ERR and HUP, and with what is left of it after a oneshot event. */
  readonly mask: number
  readonly data: bigint
}

/** The entries in the text of an fdinfo file; lines of any other kind are left out. */
export function parseWatches(text: string): Watch[] {
  const lines = text.matchAll(/^tfd:\s*(\d+)\s+events:\s*([\da-f]+)\s+data:\s*([\da-f]+)/gm)
  return [...lines].map(([, fd, mask, data]) => ({
    fd: Number(fd),
    mask: Number.parseInt(mask ?? '', 16),
    data: BigInt(`0x${data}`),
  }))
}

/** The entries of an epoll of this process, or undefined where there is no such file. */
export function readWatches(libc: Libc, epfd: number): Watch[] | undefined {
  // Where descriptors are none of this process, the file of that number is about something else.
  if (libc.openNumbers !== undefined) {
    const text = libc.fdinfo?.(epfd)
    return text === undefined ? undefined : parseWatches(text)
  }
  try {
    return parseWatches(readFileSync(`/proc/self/fdinfo/${epfd}`, 'utf8'))
  } catch {
    return undefined
  }
}
