/** Which interface the `kevent` of this process has, found out before anything else is believed. */
import { UnsupportedError } from '../../errors.ts'
import { openPipe } from '../../libc/fd.ts'
import type { Libc, LibcPlan } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Timespec } from '../timeout.ts'
import { EV, kqueueAbis } from './abi.ts'
import type { FilterName, KqueueAbi, KqueueAbiName } from './abi.ts'
import { decodeKevents, encodeKevent } from './codec.ts'
import { OwnedKqueue } from './owned-kqueue.ts'

/** The interface of each platform that has a kqueue of its own. FreeBSD 11 is long out of support. */
const native: Readonly<Partial<Record<NodeJS.Platform, KqueueAbiName>>> = {
  darwin: 'macos',
  freebsd: 'freebsd',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
}

/** Room for more than any layout makes of the changes, so that a wrong guess is seen and harms nothing. */
const ROOM = 1024
/** What is nowhere written by a call that writes what it should. */
const UNTOUCHED = 0xa5
/** Values that no word has by chance, with the highest bit set and not set. */
const SENTINELS = [0x8123_4567_89ab_cdefn, 0x7edc_ba98_7654_3210n, 0xfedc_0123_4567_89ban] as const

/**
 * The interface by which `kevent` of this process takes changes and gives receipts. Changes of different identifiers
 * go in, and as many receipts must come out, with the same identifiers, filters and user data, each in its place, and
 * nothing behind them. The number of EVFILT_USER is proven too, where there is such a filter. Interfaces that differ
 * in nothing else cannot be told apart: the first that fits is taken. Throws `UnsupportedError` where none fits, or
 * there is no kqueue, and `SystemError` where one cannot be opened.
 */
export function proveAbi(libc: Libc, platform: NodeJS.Platform = process.platform): KqueueAbi {
  for (const name of ['kqueue', 'kevent'] as const) {
    if (!libc.has(name)) throw new UnsupportedError(name, `no library in this process has ${name}`)
  }
  const own = native[platform]
  const candidates = own === undefined ? kqueueAbis : kqueueAbis.filter(({ name }) => name === own)
  const found =
    candidates.find((abi) => hasReceipts(libc, abi, ['READ', 'READ', 'USER'])) ??
    candidates.find((abi) => hasReceipts(libc, abi, ['READ', 'READ']))
  if (found !== undefined) return found
  const tried = candidates.map(({ name }) => name).join(', ')
  throw new UnsupportedError('kevent', `its receipts have no layout that is known (${tried})`)
}

/** What was proven of the functions of each plan: they do not change. */
const proven = new WeakMap<LibcPlan, KqueueAbi>()

/** `proveAbi`, done once in each thread: it takes as long as some hundred calls. */
export function abiOf(libc: Libc): KqueueAbi {
  const known = proven.get(libc.plan)
  if (known !== undefined) return known
  const abi = proveAbi(libc)
  proven.set(libc.plan, abi)
  return abi
}

function hasReceipts(libc: Libc, abi: KqueueAbi, filters: readonly FilterName[]): boolean {
  using kq = new OwnedKqueue(libc)
  const pipes = filters.map(() => openPipe(libc))
  try {
    const changes = new Memory(ROOM)
    const receipts = new Memory(ROOM)
    receipts.bytes.fill(UNTOUCHED)
    const sent = pipes.map(([reader], index) => ({
      ident: BigInt(reader.fd),
      filter: abi.filters[filters[index] ?? 'READ'],
      udata: SENTINELS[index] ?? 0n,
    }))
    for (const [index, change] of sent.entries()) {
      encodeKevent(abi, changes.view, index, { ...change, flags: EV.ADD | EV.RECEIPT })
    }
    const { length } = sent
    const count = libc.fn.kevent(
      kq.fd,
      changes.address,
      length,
      receipts.address,
      length,
      new Timespec().set(0),
    )
    const behind = receipts.bytes.subarray(length * abi.kevent.size)
    if (count !== length || behind.some((byte) => byte !== UNTOUCHED)) return false
    return decodeKevents(abi, receipts.view, count).every(
      ({ ident, filter, flags, data, udata }, index) =>
        ident === sent[index]?.ident &&
        filter === sent[index].filter &&
        udata === sent[index].udata &&
        (flags & EV.ERROR) !== 0 &&
        data === 0n,
    )
  } finally {
    for (const end of pipes.flat()) end.close()
  }
}
