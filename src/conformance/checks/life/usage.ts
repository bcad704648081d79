/** How much memory is in use: of this process, and of the kernel for entries. */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { readCString } from '../../../libc/libc.ts'
import type { Libc } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Pointer } from '../../../libc/signatures.ts'

/**
 * Has JavaScript's own garbage collected, which holds memory of malloc too. What is collected later would look
 * like memory that a library has freed. Node offers this to none but who asks by a flag, also while it runs.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  gc()
}

/** The memory of this process that is in use, whatever for; undefined without /proc. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss()
  } catch {
    return undefined
  }
}

/** What malloc has given out and was not freed; undefined where the C library does not tell, as musl does not. */
export function allocatedBytes(libc: Libc): number | undefined {
  const names = ['open_memstream', 'malloc_info', 'fclose', 'free'] as const
  if (!names.every((name) => libc.has(name))) return undefined
  // A stream that writes to memory: two words, which say where it is and how long.
  const result = new Memory(16)
  const stream = libc.fn.open_memstream(result.address, result.at(8))
  if (stream === NULL) return undefined
  libc.fn.malloc_info(0, stream)
  libc.fn.fclose(stream)
  const text = Number(result.view.getBigUint64(0, true)) as Pointer
  const xml = readCString(libc, text)
  libc.fn.free(text)
  return allocatedIn(xml)
}

/** The sum of all arenas, which stands at the end: what malloc has from the system, without what is free of it. */
function allocatedIn(xml: string): number | undefined {
  const totals = xml.slice(xml.lastIndexOf('</heap>'))
  const sizeOf = (tag: string, type: string): number =>
    Number(new RegExp(`<${tag} type="${type}"[^>]* size="(\\d+)"`).exec(totals)?.[1])
  const sizes = [
    sizeOf('system', 'current'),
    sizeOf('total', 'mmap'),
    -sizeOf('total', 'fast'),
    -sizeOf('total', 'rest'),
  ]
  const sum = sizes.reduce((total, size) => total + size)
  return Number.isNaN(sum) ? undefined : sum
}

/** How many entries of epolls the kernel holds in all; undefined where it does not tell, which is mostly so. */
export function eventpollItems(): number | undefined {
  try {
    const line = /^eventpoll_epi\s+(\d+)/m.exec(readFileSync('/proc/slabinfo', 'utf8'))
    return line?.[1] === undefined ? undefined : Number(line[1])
  } catch {
    return undefined
  }
}
