/**
 * How much of a send buffer a message takes: the kernel counts its own structures too, and so does who wants to know
 * when a socket is full. Measured with SIOCOUTQ on Linux 6.18 for x86-64 (`net/core/skbuff.c`, `net/unix/af_unix.c`).
 */

const PAGE = 4096
/** `struct sk_buff`, and the shared info at the end of its head. */
const BUFFER = 256
const SHARED_INFO = 320
/** The smallest head that is allocated. */
const SMALLEST_HEAD = 512

/** SKB_MAX_HEAD(0): the most that a head of one page holds. */
const PAGE_HEAD = PAGE - SHARED_INFO
/** SKB_MAX_ALLOC: the most that a head holds. */
const LARGEST_HEAD = 4 * PAGE - SHARED_INFO
/** UNIX_SKB_FRAGS_SZ: the most that a stream puts into pages, for each buffer. */
const STREAM_PAGES = 8 * PAGE
/** MAX_SKB_FRAGS pages. */
const MOST_PAGES = 17 * PAGE

/** wmem_default and wmem_max, as they are unless somebody changes them; the least that SO_SNDBUF sets. */
export const DEFAULT_SEND_BUFFER = 212992
export const LARGEST_SEND_BUFFER = 212992
export const SMALLEST_SEND_BUFFER = 4608

const pages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE

function headSize(bytes: number): number {
  let bucket = SMALLEST_HEAD
  while (bucket < Math.ceil(bytes / 64) * 64 + SHARED_INFO) bucket *= 2
  return bucket + BUFFER
}

/** How many bytes a stream puts into one buffer. */
export function streamPart(bytes: number, sendBuffer: number): number {
  return Math.min(bytes, (sendBuffer >> 1) - 64, PAGE_HEAD + STREAM_PAGES)
}

/** What a buffer of a stream takes. */
export function streamCost(bytes: number): number {
  const inPages = Math.min(bytes, pages(Math.max(0, bytes - PAGE_HEAD)))
  return headSize(bytes - inPages) + pages(inPages)
}

/** What a datagram takes. */
export function datagramCost(bytes: number): number {
  const inPages = pages(Math.min(Math.max(0, bytes - LARGEST_HEAD), MOST_PAGES))
  return headSize(bytes - inPages) + inPages
}
