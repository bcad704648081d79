import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { openEventfd } from '../../libc/fd.ts'
import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { moduleUrl, runScript } from '../../testing/native.ts'
import { callsOf, oneLane, stepsOf } from '../../testing/recordings.ts'
import { Recorder } from './recorder.ts'
import { sumOfWords } from './sum.ts'

const libc = openLibc()
const EAGAIN = 11

describe('calls', () => {
  test('are made, and recorded with result, errno and output', () => {
    const { lane, record } = oneLane(libc)
    using fd = openEventfd(libc)
    const memory = new Memory(8)
    memory.view.setBigUint64(0, 3n, true)
    const tape = record(() => {
      expect(lane.libc.fn.write(fd.fd, memory.address, 8)).toBe(8)
      expect(lane.libc.fn.read(fd.fd, memory.address, 8)).toBe(8)
      expect(lane.libc.fn.read(fd.fd, memory.address, 8)).toBe(-1)
    })
    const more = {
      kind: 'call',
      checked: true,
      opens: false,
      binds: undefined,
      bound: false,
      errno: 0,
      outputs: [],
    } as const
    const args = [0, memory.address, 8]
    const bytes = memory.bytes.slice()
    expect(callsOf(tape)).toEqual([
      { ...more, name: 'write', args, result: 8 },
      {
        ...more,
        name: 'read',
        args,
        result: 8,
        outputs: [{ address: memory.address, words: 2, sum: sumOfWords(bytes, 2), bytes }],
      },
      { ...more, name: 'read', args, result: -1, errno: EAGAIN },
    ])
    expect([...tape.memory]).toEqual([memory])
  })

  test('that open a descriptor share an action, with the descriptor as the number', () => {
    const { lane, record } = oneLane(libc)
    const opened: number[] = []
    const tape = record(() => {
      for (let i = 0; i < 3; i++) opened.push(lane.libc.fn.eventfd(0, 0))
    })
    for (const fd of opened) libc.fn.close(fd)
    expect(callsOf(tape)).toMatchObject([{ name: 'eventfd', args: [0, 0], result: 0, opens: true }])
    expect([0, 1, 2].map((step) => tape.numberAt(step))).toEqual(opened)
  })

  test('are not recorded before and after, nor where nothing records', () => {
    const { lane, record } = oneLane(libc)
    lane.libc.fn.getppid()
    lane.mark()
    expect(record(() => undefined).length).toBe(0)
    expect(stepsOf(record(() => lane.libc.fn.getppid()))).toEqual(['getppid()'])
    lane.libc.fn.getppid()
    expect(record(() => undefined).length).toBe(0)
  })

  test('stop being recorded where the action throws', () => {
    const { lane, record } = oneLane(libc)
    expect(() =>
      record(() => {
        throw new RangeError('mine')
      }),
    ).toThrow(RangeError)
    expect(lane.tape).toBeUndefined()
  })

  test('that look something up are made, and are no part of it', () => {
    const { lane, record } = oneLane(libc)
    const tape = record(() => expect(lane.libc.fn.dlsym(NULL, 'getppid')).toBeGreaterThan(0))
    expect(tape.length).toBe(0)
  })

  test('of functions that are not known to read or write memory are refused, but for NULL', () => {
    const { lane, record } = oneLane(libc)
    const memory = new Memory(256)
    const { fn } = lane.libc
    const refused: (() => unknown)[] = [
      () => fn.sendmsg(-1, memory.address, 0),
      () => fn.ioctl(-1, 0, memory.address),
      () => fn.getsockopt(-1, 0, 0, memory.address, memory.address),
      () => fn.munmap(memory.address, 0),
      () => fn.unlink('nowhere'),
      () => fn.epoll_pwait(-1, memory.address, 1, 0, memory.address),
      () => fn.nanosleep(memory.address, memory.address),
      // What is an address among its arguments, nobody knows.
      () => fn.syscall(39, 0, 0, 0, 0, 0, 0),
    ]
    for (const call of refused) {
      expect(() => record(() => void call())).toThrow(
        new RegExp('^recording \\w+: it is not known what it does'),
      )
    }
    expect(record(() => void fn.ioctl(-1, 0, NULL)).length).toBe(1)
    expect(record(() => void fn.epoll_pwait(-1, memory.address, 1, 0, NULL)).length).toBe(1)
  })

  test('with memory of others, or more than there is of it, are refused', () => {
    const { lane, record } = oneLane(libc)
    const memory = new Memory(16)
    const beyond = (memory.address + 16) as Pointer
    expect(() => record(() => void lane.libc.fn.write(-1, 1 as Pointer, 8))).toThrow(UnsupportedError)
    expect(() => record(() => void lane.libc.fn.write(-1, beyond, 8))).toThrow(UnsupportedError)
    expect(() => record(() => void lane.libc.fn.write(-1, memory.at(12), 8))).toThrow(
      'more memory than there is',
    )
    expect(() => record(() => void lane.libc.fn.write(-1, memory.at(8), 8))).not.toThrow()
  })

  test('may have NULL for any buffer', () => {
    const { lane, record } = oneLane(libc)
    const timeout = new Memory(16)
    const tape = record(() => {
      expect(lane.libc.fn.select(0, NULL, NULL, NULL, timeout.address)).toBe(0)
      expect(lane.libc.fn.poll(NULL, 0, 0)).toBe(0)
    })
    expect(callsOf(tape).map(({ outputs }) => outputs)).toEqual([[], []])
    expect([...tape.memory]).toEqual([timeout])
  })
})

test('a tape keeps memory alive, which nobody else holds', () => {
  const script = `
    import { openLibc } from '${moduleUrl('libc/libc')}'
    import { findMemory, Memory } from '${moduleUrl('libc/memory')}'
    import { Recorder } from '${moduleUrl('measure/record/recorder')}'
    const libc = openLibc()
    let recorder = new Recorder(libc, 1)
    const addresses = []
    const [tape] = recorder.record(() => {
      const memory = new Memory(64)
      addresses.push(memory.address)
      recorder.lanes[0].libc.fn.write(-1, memory.address, 8)
    })
    addresses.push(new Memory(64).address)
    recorder = undefined
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      gc()
    }
    const found = addresses.map((address) => findMemory(address) !== undefined)
    console.log(JSON.stringify([found, tape.memory.size]))
  `
  expect(runScript(script, { execArgv: ['--expose-gc'] })).toEqual([[true, false], 1])
})

test('whatever Libc is given is what is called', () => {
  const called: string[] = []
  const own: Libc = { ...libc, fn: { ...libc.fn, getppid: () => (called.push('getppid'), 7) } }
  const recorder = new Recorder(own, 1)
  const [tape] = recorder.record(() => void recorder.lanes[0]?.libc.fn.getppid())
  expect([called, tape && callsOf(tape)[0]?.result]).toEqual([['getppid'], 7])
})
