import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EFD, O } from '../../libc/constants/linux.ts'
import { openLibc } from '../../libc/libc.ts'
import {
  accept,
  add,
  call,
  close,
  connect,
  counter,
  del,
  drain,
  dup,
  epoll,
  eventfd,
  fill,
  listener,
  loopAdd,
  loopAddWake,
  loopDel,
  loopWait,
  loopWake,
  mod,
  openLoop,
  openPoller,
  pipe,
  poll,
  pollerAdd,
  pollerModify,
  pollerRemove,
  pollerWait,
  pollerWake,
  read,
  recvOob,
  reset,
  select,
  sendOob,
  settle,
  shutdown,
  signal,
  sleep,
  soError,
  socket,
  socketOption,
  socketpair,
  tcp,
  wait,
  write,
} from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import type { Step } from '../steps.ts'

const libc = openLibc()
const ARRIVAL = { timeoutMs: 2000 }

/** A pipe with data, watched by an epoll. */
const readable = [pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'), write('w', 3)]
const polled = [pipe('r', 'w'), openPoller('p'), pollerAdd('p', 'r', 'READ', '7'), write('w', 1)]
const looped = [pipe('r', 'w'), openLoop('l'), loopAdd('l', 'read', 'r', '7'), write('w', 2)]

let machine: Machine
beforeEach(() => {
  machine = new Machine(libc, 'epoll')
})
afterEach(() => machine.close())

describe('steps whose expectations are met pass', () => {
  const scenarios: readonly (readonly [name: string, steps: readonly Step[]])[] = [
    ['epoll.ctl and epoll.wait', [...readable, wait('ep', { r: 'IN' }), mod('ep', 'r', '0'), wait('ep', {})]],
    ['epoll.ctl DEL', [...readable, del('ep', 'r'), wait('ep', {}), del('ep', 'r', 'ENOENT')]],
    [
      'labels',
      [pipe('r', 'w'), epoll('ep'), add('ep', 'w', 'OUT', { label: 'x' }), wait('ep', { x: 'OUT' })],
    ],
    [
      'bits in any order',
      [eventfd('e', 1), epoll('ep'), add('ep', 'e', 'OUT|IN'), wait('ep', { e: 'OUT|IN' })],
    ],
    ['an errno of epoll_wait', [pipe('r', 'w'), wait('r', 'EINVAL')]],
    ['a wait that times out', [epoll('ep'), wait('ep', {}, { timeoutMs: 5, atLeastMs: 5 })]],
    ['poll', [pipe('r', 'w'), write('w', 1), poll({ r: 'IN', w: 'OUT' }, { r: 'IN', w: 'OUT' })]],
    ['poll of a closed descriptor', [pipe('r', 'w'), close('r'), poll({ r: 'IN' }, { r: 'NVAL' })]],
    ['select', [pipe('r', 'w'), select({ r: 'r', w: 'w' }, { w: 'w' }), select({ r: 'rwx' }, {}, 2)]],
    ['read and write', [pipe('r', 'w'), write('w', 5), read('r', 5), read('r', 1, 'EAGAIN')]],
    [
      'fill and drain',
      [pipe('r', 'w'), fill('w'), write('w', 1, 'EAGAIN'), drain('r'), read('r', 1, 'EAGAIN')],
    ],
    [
      'an eventfd',
      [eventfd('e', 2, EFD.NONBLOCK), signal('e', '3'), counter('e', '5'), counter('e', 'EAGAIN')],
    ],
    ['a call that makes a descriptor', [call('eventfd', [1, O.NONBLOCK], 'ok', 'e'), counter('e', '1')]],
    [
      'a call with memory and a bad pointer',
      [pipe('r', 'w'), call('write', ['$w', 'bad-pointer', 1], 'EFAULT')],
    ],
    ['a call with text', [call('open', [{ text: '/dev/null' }, 0, 0], 'ok', 'null'), read('null', 1, 0)]],
    ['dup', [pipe('r', 'w'), dup('r', 'r2'), close('r'), write('w', 1), read('r2', 1)]],
    ['shutdown', [socketpair('a', 'b'), shutdown('b', 'WR'), read('a', 1, 0)]],
    ['datagrams', [socketpair('a', 'b', 'dgram'), write('a', 2), write('a', 2), read('b', 8, 2)]],
    ['a unix listener', [listener('l', 'unix'), socket('c', 'unix'), connect('c', 'l'), accept('s', 'l')]],
    ['tcp', [tcp('c', 's'), write('c', 2), poll({ s: 'IN' }, { s: 'IN' }, 2000), read('s', 2)]],
    [
      'a reset',
      [tcp('c', 's'), reset('c'), settle('s', 'CLOSE'), soError('s', 'ECONNRESET'), soError('s', '0')],
    ],
    [
      'urgent data',
      [tcp('c', 's'), sendOob('c'), poll({ s: 'PRI' }, { s: 'PRI' }, 2000), recvOob('s'), sleep(1)],
    ],
    [
      'a socket option',
      [tcp('c', 's'), socketOption('s', 'RCVLOWAT', 4), write('c', 3), poll({ s: 'IN' }, {}, 20)],
    ],
    ['a poller', [...polled, pollerWait('p', [{ token: '7', is: 'READABLE' }]), pollerRemove('p', 'r')]],
    [
      'a poller that is woken',
      [openPoller('p'), pollerWake('p'), pollerWait('p', [{ token: '0', is: 'WAKE' }]), pollerWait('p', [])],
    ],
    [
      'what a poller refuses',
      [...polled, pollerAdd('p', 'r', 'READ', '1', { expect: 'EEXIST' }), pollerRemove('p', 'w', 'ENOENT')],
    ],
    [
      'a loop',
      [
        ...looped,
        loopWait('l', [{ fd: 'r', token: '7', is: 'readable', bytes: 2 }], ARRIVAL),
        loopDel('l', 'read', 'r'),
        loopWait('l', []),
      ],
    ],
    [
      'a loop that is woken',
      [openLoop('l'), loopAddWake('l', '9'), loopWake('l'), loopWait('l', [{ token: '9', is: 'user' }])],
    ],
  ]

  it.each(scenarios)('%s', (_, steps) => {
    expect(() => machine.run(...steps)).not.toThrow()
  })
})

describe('a step whose expectation is not met fails, and says what was expected and what came:', () => {
  const scenarios: readonly (readonly [
    name: string,
    steps: readonly Step[],
    expected: string,
    actual: string,
  ])[] = [
    ['an event that is missing', [...readable, wait('ep', { r: 'IN', w: 'OUT' })], 'r IN, w OUT', 'r IN'],
    ['an event too many', [...readable, wait('ep', {})], 'no events', 'r IN'],
    ['another mask', [...readable, wait('ep', { r: 'IN|HUP' })], 'r IN|HUP', 'r IN'],
    ['another label', [...readable, wait('ep', { w: 'IN' })], 'w IN', 'r IN'],
    ['an errno in place of events', [pipe('r', 'w'), wait('r', { r: 'IN' })], 'r IN', 'EINVAL'],
    [
      'events in place of an errno',
      [...readable, wait('ep', 'EBADF')],
      'epoll_wait gives EBADF',
      'epoll_wait gives 1',
    ],
    [
      'success in place of an errno',
      [...readable, del('ep', 'r', 'ENOENT')],
      'epoll_ctl gives ENOENT',
      'epoll_ctl gives 0',
    ],
    [
      'another errno',
      [...readable, add('ep', 'r', 'IN', { expect: 'EBADF' })],
      'epoll_ctl gives EBADF',
      'epoll_ctl gives EEXIST',
    ],
    [
      'an errno in place of success',
      [epoll('ep'), pipe('r', 'w'), del('ep', 'r')],
      'epoll_ctl gives 0',
      'epoll_ctl gives ENOENT',
    ],
    ['poll', [pipe('r', 'w'), poll({ r: 'IN', w: 'OUT' }, { r: 'IN' })], 'r IN', 'w OUT'],
    ['select', [pipe('r', 'w'), select({ r: 'r', w: 'rw' }, { w: 'r' })], 'w r', 'w w'],
    ['a short read', [pipe('r', 'w'), write('w', 2), read('r', 4)], 'read gives 4', 'read gives 2'],
    ['a write that works', [pipe('r', 'w'), write('w', 2, 'EAGAIN')], 'write gives EAGAIN', 'write gives 2'],
    ['a counter', [eventfd('e', 4), counter('e', '5')], 'the counter is: 5', 'the counter is: 4'],
    ['a counter that is empty', [eventfd('e'), counter('e', '1')], 'read gives 8', 'read gives EAGAIN'],
    ['a call', [call('close', [-1], 'ok')], 'close gives ok', 'close gives EBADF'],
    ['SO_ERROR', [tcp('c', 's'), soError('c', 'ECONNRESET')], 'SO_ERROR: ECONNRESET', 'SO_ERROR: 0'],
    [
      'a connection',
      [listener('l', 'unix'), socket('c', 'unix'), connect('c', 'l', 'ECONNREFUSED')],
      'connect gives ECONNREFUSED',
      'connect gives 0',
    ],
    ['a token', [...polled, pollerWait('p', [{ token: '8', is: 'READABLE' }])], '8 READABLE', '7 READABLE'],
    [
      'a poller that is silent',
      [openPoller('p'), pollerWait('p', [{ token: '8', is: 'READABLE' }])],
      '8 READABLE',
      'no events',
    ],
    [
      'an error of a poller',
      [...polled, pollerModify('p', 'w', 'READ', '1')],
      'modify w: ok',
      'modify w: ENOENT',
    ],
    [
      'a flag of a loop',
      [...looped, loopWait('l', [{ token: '7', is: 'writable' }])],
      'token 7 writable',
      'token 7 readable',
    ],
    [
      'a byte count of a loop',
      [...looped, loopWait('l', [{ fd: 'r', token: '7', is: 'readable', bytes: 9 }])],
      'bytes 9',
      'bytes 2',
    ],
  ]

  it.each(scenarios)('%s', (_, steps, expected, actual) => {
    expect(failureOf(steps)).toEqual({
      expected: expect.stringContaining(expected),
      actual: expect.stringContaining(actual),
    })
  })

  it('a wait that was too short', () => {
    const step = wait('ep', { r: 'IN' }, { atLeastMs: 60_000 })
    expect(failureOf([...readable, step])).toEqual({
      expected: 'epoll_wait lasts at least 60000 ms',
      actual: expect.stringMatching(/^epoll_wait lasted \d+(\.\d+)? ms$/),
    })
    const polls = pollerWait('p', [{ token: '7', is: 'READABLE' }], { atLeastNs: 60_000_000_000 })
    machine.close()
    machine = new Machine(libc, 'epoll')
    expect(failureOf([...polled, polls])).toMatchObject({
      expected: 'the wait lasts at least 60000000000 ns',
    })
  })
})

describe('steps that are wrong in themselves are errors of the scenario, not failures of the check:', () => {
  it.each([
    [
      'a bit that does not exist',
      [...readable, mod('ep', 'r', 'INN')],
      '"INN" is not a bit of an event mask',
    ],
    [
      'an interest that does not exist',
      [...polled, pollerModify('p', 'r', 'IN', '1')],
      'IN is not one of READ, WRITE, PRIORITY',
    ],
    ['a descriptor that does not exist', [write('w', 1)], 'the scenario has no descriptor w'],
  ] as const)('%s', (_, steps, message) => {
    expect(() => machine.run(...steps)).toThrow(new TypeError(message))
  })
})

function failureOf(steps: readonly Step[]): Pick<Failure, 'expected' | 'actual'> | undefined {
  try {
    machine.run(...steps)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { expected: error.expected, actual: error.actual }
  }
  return undefined
}
