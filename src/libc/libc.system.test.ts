import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { SystemError, UnsupportedError } from '../errors.ts'
import { moduleUrl, runThread } from '../testing/native.ts'
import { openPipe } from './fd.ts'
import { attachLibc, errnoName, lastError, openLibc, originOf, readCString, sameOrigin, sys } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL, signatures } from './signatures.ts'

const libc = openLibc()
const { EBADF, ENOENT, EFAULT, EINVAL } = constants.errno

/** Calls that fail, each with an errno of its own. */
const failures: readonly (readonly [number, () => number])[] = [
  [EBADF, (): number => libc.fn.close(-1)],
  [ENOENT, (): number => libc.fn.open('/evloop/no/such/file', 0, 0)],
  [EFAULT, (): number => libc.fn.pipe(NULL)],
  [EINVAL, (): number => libc.fn.epoll_create1(-1)],
]

describe('errno', () => {
  test('is right after each of ten thousand failing calls, with garbage in between', () => {
    const wrong: string[] = []
    let garbage: unknown[] = []
    for (let i = 0; i < 10_000; i++) {
      const [expected, call] = failures[i % failures.length] ?? [0, (): number => 0]
      const result = call()
      const errno = libc.errno()
      if (result !== -1 || errno !== expected) wrong.push(`call ${i}: ${result}, errno ${errno}`)
      garbage.push({ i }, new Uint8Array(256), `${i}`.repeat(20))
      if (i % 500 === 0) garbage = []
    }
    expect(wrong).toEqual([])
  })

  test('belongs to a thread: calls of two at once do not mix', async () => {
    const script = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { attachLibc } from '${moduleUrl('libc/libc')}'
      const libc = attachLibc(workerData.plan)
      const running = new Int32Array(workerData.running)
      Atomics.store(running, 0, 1)
      Atomics.notify(running, 0)
      let wrong = 0
      let garbage = []
      for (let i = 0; i < 10_000; i++) {
        if (libc.fn.close(-1) !== -1 || libc.errno() !== ${EBADF}) wrong++
        garbage.push({ i }, new Uint8Array(256))
        if (i % 500 === 0) garbage = []
      }
      Atomics.store(running, 0, 2)
      parentPort.postMessage(wrong)
    `
    const running = new SharedArrayBuffer(4)
    const state = new Int32Array(running)
    const thread = runThread(script, { plan: libc.plan, running })
    expect(Atomics.wait(state, 0, 0, 30_000)).not.toBe('timed-out')
    let wrong = 0
    let calls = 0
    while (Atomics.load(state, 0) === 1) {
      if (libc.fn.unlink('/evloop/no/such/file') !== -1 || libc.errno() !== ENOENT) wrong++
      calls++
    }
    expect(calls).toBeGreaterThan(0)
    expect(wrong).toBe(0)
    expect(await thread).toBe(0)
  })

  test('has its usual name, of those that share a number too', () => {
    expect(
      ['EBADF', 'EAGAIN', 'EOPNOTSUPP', 'EINTR'].map((code) => [code, errnoName(numberOf(code))]),
    ).toEqual([
      ['EBADF', 'EBADF'],
      ['EAGAIN', 'EAGAIN'],
      ['EOPNOTSUPP', 'EOPNOTSUPP'],
      ['EINTR', 'EINTR'],
    ])
    expect(errnoName(9999)).toBe('errno 9999')
  })

  function numberOf(code: string): number {
    return (constants.errno as Readonly<Record<string, number>>)[code] ?? 0
  }
})

describe('sys and lastError', () => {
  test('a call that fails is a SystemError with the function, the errno and its name', () => {
    let error: unknown
    try {
      sys(libc, 'dup', -1)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(SystemError)
    expect(error).toMatchObject({ syscall: 'dup', errno: EBADF, code: 'EBADF', message: 'dup: EBADF' })
  })

  test('a call that does not fail returns its result', () => {
    expect(sys(libc, 'getppid')).toBe(process.ppid)
  })

  test('detail is added in parentheses', () => {
    libc.fn.close(-1)
    expect(lastError(libc, 'close', 'fd -1').message).toBe('close: EBADF (fd -1)')
  })
})

describe('a function that no library has', () => {
  const { getppid: _, ...bindings } = libc.plan.bindings
  const without = attachLibc({ ...libc.plan, bindings })

  test('is told by has, and has no origin', () => {
    expect(without.has('getppid')).toBe(false)
    expect(originOf(without, 'getppid')).toBeUndefined()
    expect(sameOrigin(without, 'getppid', 'read')).toBe(false)
    expect(sameOrigin(without, 'getppid', 'getppid')).toBe(false)
  })

  test('throws an UnsupportedError that names it, and only when it is called', () => {
    expect(() => without.fn.getppid()).toThrow(UnsupportedError)
    expect(() => without.fn.getppid()).toThrow('getppid: no library in this process has this function')
  })

  test('takes no other away', () => {
    expect(without.has('read')).toBe(true)
    expect(without.fn.dup(-1)).toBe(-1)
  })
})

describe('origins', () => {
  test('libc has its functions, under its own file name', () => {
    expect(originOf(libc, 'epoll_wait')).toMatch(/\/(libc[.-]|ld-musl-)[^/]*$/)
    expect(sameOrigin(libc, 'epoll_wait', 'epoll_ctl')).toBe(true)
  })

  test('the program has all functions of the table, but for those of other systems and of newer libcs', () => {
    const names = Object.keys(signatures) as (keyof typeof signatures)[]
    const optional = [
      'kqueue',
      'kevent',
      'libkqueue_drain_pending_close',
      'gnu_get_libc_version',
      'epoll_pwait2',
      'memfd_create',
    ]
    const missing = names.filter((name) => !libc.has(name) && !optional.includes(name))
    expect(missing).toEqual([])
  })
})

test('the plan is plain data', () => {
  expect(structuredClone(libc.plan)).toEqual(libc.plan)
})

test('readCString copies the text up to its end', () => {
  const memory = new Memory(64)
  memory.bytes.set(Buffer.from('/tmp/grüße\0after the end'))
  const text = readCString(libc, memory.address)
  memory.bytes.fill(0)
  expect(text).toBe('/tmp/grüße')
})

test('a variadic function gets its variadic argument', () => {
  const [reader, writer] = openPipe(libc)
  using _reader = reader
  using _writer = writer
  // F_SETFL clears O_NONBLOCK only if its argument arrives.
  const F_GETFL = 3
  const F_SETFL = 4
  expect(sys(libc, 'fcntl', reader.fd, F_GETFL, 0)).not.toBe(0)
  sys(libc, 'fcntl', reader.fd, F_SETFL, 0)
  expect(sys(libc, 'fcntl', reader.fd, F_GETFL, 0)).toBe(0)
})
