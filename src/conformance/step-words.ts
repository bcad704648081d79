/** Steps in words, with what each must give: what `explain` shows of a scenario. */
import { IORING_ASYNC_CANCEL, IORING_POLL } from '../libc/constants/io-uring.ts'
import type { Step, StepOf } from './steps.ts'
import { keventExpectation, keventText } from './steps/kevent-text.ts'
import type { ExpectedCompletions, RingRequest } from './steps/rings.ts'

type Words = { readonly [Op in Step['op']]?: (step: StepOf<Op>) => string }

/** The commonest steps as one would say them. All others are their operation and what it is given. */
const words: Words = {
  pipe: ({ read, write }) => `pipe: ${read}, ${write}`,
  socketpair: ({ a, b, type }) => `socketpair (${type}): ${a}, ${b}`,
  tcp: ({ client, server }) => `a TCP connection: ${client}, ${server}`,
  eventfd: ({ as, initial }) => `eventfd(${initial}): ${as}`,
  epoll: ({ as }) => `epoll_create1: ${as}`,
  dup: ({ fd, as }) => `dup(${fd}): ${as}`,
  close: ({ fd }) => `close(${fd})`,
  'close-all': () => 'close everything, and begin anew',
  shutdown: ({ fd, how }) => `shutdown(${fd}, SHUT_${how})`,
  fill: ({ fd }) => `write to ${fd} until it is full`,
  drain: ({ fd }) => `read ${fd} until it is empty`,
  reset: ({ fd }) => `close ${fd} with a reset`,
  sleep: ({ ms }) => `sleep for ${ms} ms`,
  'epoll.ctl': ({ ep, command, fd, events, label, expect }) => {
    const mask = command === 'DEL' ? '' : `, ${events}`
    const known = label === fd || command === 'DEL' ? '' : `, as ${label}`
    return `epoll_ctl(${ep}, ${command}, ${fd}${mask}${known})${gives(expect, 0)}`
  },
  'epoll.wait': ({ ep, timeoutMs = 0, max, expect }) => {
    const room = max === undefined ? '' : `, room for ${max}`
    return `epoll_wait(${ep}, ${timeoutMs} ms${room}) reports ${reported(expect)}`
  },
  kqueue: ({ as }) => `kqueue: ${as}`,
  kevent: (step) => `${keventText(step)} gives ${keventExpectation(step)}`,
  poll: ({ fds, timeoutMs = 0, expect }) =>
    `poll(${listed(fds)}, ${timeoutMs} ms) reports ${reported(expect)}`,
  select: ({ fds, timeoutMs = 0, expect }) =>
    `select(${listed(fds)}, ${timeoutMs} ms) reports ${reported(expect)}`,
  write: ({ fd, bytes, expect }) => `write ${count(bytes)} to ${fd}${gives(expect, bytes)}`,
  read: ({ fd, bytes, expect }) => `read ${count(bytes)} from ${fd}${gives(expect, bytes)}`,
  'eventfd.write': ({ fd, value, expect }) => `add ${value} to ${fd}${gives(expect, 8)}`,
  'eventfd.read': ({ fd, expect }) => `read ${fd}, which gives ${expect}`,
  call: ({ fn, args, expect, as }) =>
    `${fn}(${args.map(plain).join(', ')})${as === undefined ? '' : `: ${as}`}${gives(expect, 'ok')}`,
  'io_uring.setup': ({ as, entries, completions, flags }) => {
    const room = completions === undefined ? '' : ` and room for ${completions} completions`
    const made = flags.length === 0 ? '' : `, ${flags.join('|')}`
    return `io_uring_setup(${entries} entries${room}${made}): ${as}`
  },
  'io_uring.submit': ({ fd, requests, expect }) =>
    `submit to ${fd}: ${requests.map(requestWords).join('; ')}${gives(expect, requests.length)}`,
  'io_uring.completions': ({ fd, expect, atLeastMs, by }) => {
    const when = atLeastMs === undefined ? '' : `, the last not before ${atLeastMs} ms`
    return `completions of ${fd}${by === undefined ? '' : ', without a call'}: ${completed(expect)}${when}`
  },
  'io_uring.enter': ({ fd, least, timeoutMs, expect }) =>
    `io_uring_enter(${fd}, ${least} completions, ${timeoutMs} ms)${gives(expect, 0)}`,
  'io_uring.poll': ({ fds, timeoutMs = 0, expect }) =>
    `polls of a ring (${listed(fds)}, ${timeoutMs} ms) report ${reported(expect)}`,
  thread: ({ thread, step }) => `thread ${thread} begins: ${stepWords(step)}`,
  blocked: ({ thread }) => `wait until thread ${thread} sleeps in it`,
  join: ({ thread }) => `thread ${thread} returns with that`,
  peer: ({ as, fds }) => `start process ${as}, which inherits ${fds.join(', ')}`,
  'peer.run': ({ peer, step }) => `process ${peer}: ${stepWords(step)}`,
  'peer.post': ({ peer, step }) => `process ${peer} begins: ${stepWords(step)}`,
  'peer.join': ({ peer }) => `process ${peer} returns with that`,
  'peer.exit': ({ peer }) => `process ${peer} ends`,
}

/** A step in words. */
export function stepWords(step: Step): string {
  const say = words[step.op] as ((step: Step) => string) | undefined
  if (say !== undefined) return say(step)
  const { op, ...rest } = step
  const given = Object.entries(rest)
    .filter(([key]) => key !== 'expect')
    .map(([key, value]) => `${key} ${plain(value)}`)
  const must = 'expect' in step ? ` gives ${plain(step.expect)}` : ''
  return `${op} ${given.join(', ')}${must}`
}

const count = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes} bytes`)

/** What a call gives, where that is not what one would think. */
function gives(expected: number | string, usual: number | string): string {
  return expected === usual || expected === 'ok' ? '' : ` gives ${expected}`
}

function reported(expected: string | Readonly<Record<string, string>>): string {
  if (typeof expected === 'string') return expected
  return Object.keys(expected).length === 0 ? 'nothing' : listed(expected)
}

/** A request: its label, its operation, and what it is given. */
function requestWords({ as, op, flags = [], ...given }: RingRequest): string {
  const linked = flags.map((flag) => ` ${flag}`).join('')
  const rest = Object.entries(given).map(([key, value]) => {
    const names = bitsOf[key]
    return `${key} ${names !== undefined && typeof value === 'number' ? bitNames(names, value) : plain(value)}`
  })
  return `${as} = ${op}${linked}(${rest.join(', ')})`
}

/** The bits that fields of a request are made of. */
const bitsOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  poll: IORING_POLL,
  cancel: IORING_ASYNC_CANCEL,
}

function bitNames(names: Readonly<Record<string, number>>, value: number): string {
  const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0)
  const rest = set.reduce((left, [, bit]) => left & ~bit, value)
  return [...set.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join('|') || '0'
}

function completed(expect: ExpectedCompletions): string {
  const each = Object.entries(expect).map(([label, what]) => `${label} ${[what].flat().join(', then ')}`)
  return each.length === 0 ? 'none' : each.join('; ')
}

const listed = (masks: Readonly<Record<string, string>>): string =>
  Object.entries(masks)
    .map(([name, mask]) => `${name} ${mask}`)
    .join(', ')

function plain(value: unknown): string {
  return typeof value === 'string' ? value.replace(/^\$/, '') : JSON.stringify(value)
}
