import { EFD } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { eventfd, poll, signal } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { WOKEN } from '../../patience.ts'
import { sleepSync } from '../../../sleep.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'
import { joinAll } from './join.ts'

const READERS = 4
/** So many readers get a token while the others stay blocked. */
const SERVED = 2

/** How long a reader may take to return before another try is made. */
const RELEASE_MS = 50

/** Tokens for blocked readers. */
export const semaphores: readonly Check[] = [
  epollCheck({
    id: 'eventfd.semaphore-n-readers',
    statement: 'Of N readers that block on a semaphore exactly M return for M tokens, and no token is lost.',
    kind: 'race',
    source: 'Gramine; gVisor NotifyNonZero',
    threads: READERS,
    run(machine) {
      const rounds = 20
      const reads = 1000
      machine.run(eventfd('e', 0, EFD.SEMAPHORE))
      const readers = Array.from({ length: READERS }, () => machine.acquireThread())
      try {
        for (let round = 0; round < rounds; round++) serveSomeThenAll(machine, readers)
        passTokens(machine, readers, reads)
      } finally {
        release(machine, readers)
      }
      machine.note = `${rounds} rounds of blocked readers, then ${READERS * reads} tokens`
    },
  }),
]

/** Every reader blocks; some get a token, and then the others. */
function serveSomeThenAll(machine: Machine, readers: readonly WaiterThread[]): void {
  machine.begin(`${READERS} threads block in read`)
  for (const reader of readers) startReads(machine, reader, 1)
  if (readers.some((reader) => !reader.waitUntilBlocked())) {
    throw new Failure('every read blocks', 'a read returned without a token')
  }
  machine.run(signal('e', String(SERVED)))
  machine.begin(`${SERVED} of the reads return, and the others still block`)
  const deadline = performance.now() + WOKEN.timeoutMs
  while (readers.filter((reader) => reader.isDone).length < SERVED && performance.now() < deadline) {
    sleepSync(1)
  }
  const waiting = readers.filter((reader) => reader.waitUntilBlocked())
  machine.expect(waiting.length, READERS - SERVED, 'reads that still block')
  machine.run(poll({ e: 'IN' }, {}), signal('e', String(READERS - SERVED)))
  machine.begin('the other reads return')
  joinAll(readers, 1)
  machine.run(poll({ e: 'IN' }, {}))
}

/** The readers take as many tokens as are put, a few at a time. */
function passTokens(machine: Machine, readers: readonly WaiterThread[], reads: number): void {
  machine.begin(`${READERS} threads read ${reads} tokens each, which come by 1, 2, 3 and so on`)
  for (const reader of readers) startReads(machine, reader, reads)
  let left = READERS * reads
  for (let next = 1; left > 0; next = (next % READERS) + 1) {
    const tokens = Math.min(next, left)
    putTokens(machine, tokens)
    left -= tokens
  }
  joinAll(readers, reads)
  machine.run(poll({ e: 'IN' }, {}))
}

function startReads(machine: Machine, reader: WaiterThread, reads: number): void {
  const value = new Memory(8, { shared: true })
  machine.keep(value)
  const args = [machine.fd('e'), value.address, 8]
  reader.post({ calls: [{ fn: 'read', args, accept: [8] }], rounds: reads })
}

/** Lets every reader that is still in its call return: it must not stay there for ever. */
function release(machine: Machine, readers: readonly WaiterThread[]): void {
  for (const reader of readers) reader.stop()
  const waits = (): boolean => readers.some((reader) => !reader.isIdle && !reader.isDone)
  // One write may be all for one reader, if the semaphore is none.
  for (let attempt = 0; attempt < READERS && waits(); attempt++) {
    putTokens(machine, READERS)
    sleepSync(RELEASE_MS)
  }
}

function putTokens(machine: Machine, count: number): void {
  const value = new Memory(8)
  value.view.setBigUint64(0, BigInt(count), true)
  sys(machine.libc, 'write', machine.fd('e'), value.address, 8)
}
