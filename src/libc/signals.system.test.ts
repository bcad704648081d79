import { afterEach, expect, it } from 'vitest'
import { NULL } from './signatures.ts'
import { SIG, SIG_BLOCK, SIG_SETMASK } from './constants/linux.ts'
import { openLibc } from './libc.ts'
import { Memory } from './memory.ts'
import {
  hasHandler,
  restoreDisposition,
  sendToThread,
  setDisposition,
  signalSet,
  signalsIn,
} from './signals.ts'
import { rawSyscall } from './syscall.ts'

const libc = openLibc()
const before = setDisposition(libc, SIG.URG, { action: 'default' })

afterEach(() => restoreDisposition(libc, SIG.URG, before))

/** Sends the signal to this thread, which has taken it when the call returns. */
const signalMyself = (): void => sendToThread(libc, rawSyscall(libc, 'gettid'), SIG.URG)

it('a handler that runs once is gone when it has run', () => {
  setDisposition(libc, SIG.URG, { action: 'handler once' })
  expect(hasHandler(libc, SIG.URG)).toBe(true)
  signalMyself()
  expect(hasHandler(libc, SIG.URG)).toBe(false)
})

it('another handler stays', () => {
  setDisposition(libc, SIG.URG, { action: 'handler', restart: true })
  signalMyself()
  expect(hasHandler(libc, SIG.URG)).toBe(true)
})

it.each(['default', 'ignore'] as const)('a signal with disposition %s has no handler', (action) => {
  setDisposition(libc, SIG.URG, { action })
  signalMyself()
  expect(hasHandler(libc, SIG.URG)).toBe(false)
})

it('what was there before can be restored', () => {
  const first = setDisposition(libc, SIG.URG, { action: 'handler' })
  restoreDisposition(libc, SIG.URG, first)
  expect(hasHandler(libc, SIG.URG)).toBe(false)
})

it('a signal that is blocked is pending until it is unblocked', () => {
  setDisposition(libc, SIG.URG, { action: 'handler once' })
  const [mask, pending] = [new Memory(128), new Memory(128)]
  libc.fn.pthread_sigmask(SIG_BLOCK, signalSet(SIG.URG).address, mask.address)
  try {
    signalMyself()
    libc.fn.sigpending(pending.address)
    expect(signalsIn(pending)).toEqual([SIG.URG])
    expect(hasHandler(libc, SIG.URG)).toBe(true)
  } finally {
    libc.fn.pthread_sigmask(SIG_SETMASK, mask.address, NULL)
  }
  expect(hasHandler(libc, SIG.URG)).toBe(false)
})

it('a set holds the signals that it is given', () => {
  expect(signalsIn(signalSet(SIG.USR2, SIG.CHLD, 64))).toEqual([SIG.USR2, SIG.CHLD, 64])
  expect(signalsIn(signalSet())).toEqual([])
})
