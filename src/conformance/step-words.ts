/** Steps in words, with what each must give: what `explain` shows of a scenario. */
import type { Step, StepOf } from './steps.ts'
import { keventExpectation, keventText } from './steps/kevent-text.ts'

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

const listed = (masks: Readonly<Record<string, string>>): string =>
  Object.entries(masks)
    .map(([name, mask]) => `${name} ${mask}`)
    .join(', ')

function plain(value: unknown): string {
  return typeof value === 'string' ? value.replace(/^\$/, '') : JSON.stringify(value)
}
