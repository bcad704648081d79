/** What the kernel must refuse, and what a refusal leaves alone. */
import { IORING_POLL } from '../../../libc/constants/io-uring.ts'
import { pipe, write } from '../../build.ts'
import {
  cancelRequest,
  nothingToDo,
  pollAdd,
  pollMulti,
  pollRemove,
  pollUpdate,
  timeoutAfter,
} from '../../rings/requests.ts'
import type { Step } from '../../steps.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import type { RingRequest } from '../../steps/rings.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')

/** Each by itself: a request that is refused ends the submission. */
const refused = (...requests: readonly RingRequest[]): Step[] =>
  requests.flatMap((request) => [submit('ring', request), completions('ring', { [request.as]: 'EINVAL' })])

export const refusals: readonly RingScenario[] = [
  {
    id: 'iou.poll.invalid-fields',
    statement: 'Fields of a poll that must be zero, and bits of its flags that nobody knows, give EINVAL.',
    source: 'io_uring_enter(2), IORING_OP_POLL_ADD; liburing poll',
    why: 'Programs find out what a kernel has by what it refuses.',
    steps: [
      pipe('r', 'w'),
      ring,
      write('w', 1),
      ...refused(
        pollAdd('off', 'r', 'IN', { fields: { off: 1 } }),
        pollAdd('addr', 'r', 'IN', { fields: { addr: 1 } }),
        pollAdd('buf_index', 'r', 'IN', { fields: { buf_index: 1 } }),
        pollAdd('unknown flag', 'r', 'IN', { fields: { len: 0x100 } }),
        pollAdd('flag of an update', 'r', 'IN', { fields: { len: IORING_POLL.UPDATE_EVENTS } }),
        pollAdd('all flags', 'r', 'IN', { fields: { len: 0xffffffff } }),
      ),
      submit('ring', pollAdd('good', 'r', 'IN')),
      completions('ring', { good: 'IN' }),
    ],
  },
  {
    id: 'iou.poll.invalid-fields.level',
    statement:
      'A level-triggered poll (IORING_POLL_ADD_LEVEL) is refused with EINVAL: the header has it, and the kernel does not.',
    level: 'quirk',
    source: 'axboe/liburing#829; measured (Linux 6.18)',
    steps: [
      pipe('r', 'w'),
      ring,
      ...refused(
        { ...pollAdd('level', 'r', 'IN'), poll: IORING_POLL.ADD_LEVEL },
        { ...pollMulti('multishot level', 'r', 'IN'), poll: IORING_POLL.ADD_LEVEL | IORING_POLL.ADD_MULTI },
      ),
    ],
  },
  {
    id: 'iou.poll.invalid-fields.remove',
    statement:
      'Fields of POLL_REMOVE that mean nothing without an update, or are unknown, give EINVAL, and the poll stays.',
    source: 'io_uring_enter(2), IORING_OP_POLL_REMOVE; liburing poll-mshot-update',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN')),
      ...refused(
        { ...pollRemove('unknown flag', 'p'), poll: 0x100 },
        { ...pollRemove('multishot without update', 'p'), poll: IORING_POLL.ADD_MULTI },
        { ...pollRemove('mask without update', 'p'), events: 'OUT' },
        { ...pollRemove('user_data without update', 'p'), becomes: 'q' },
        { ...pollUpdate('user_data beside the mask', 'p', { events: 'OUT' }), becomes: 'q' },
        { ...pollUpdate('mask beside user_data', 'p', { becomes: 'q' }), events: 'OUT' },
      ),
      write('w', 1),
      completions('ring', { p: 'IN' }),
    ],
  },
  {
    id: 'iou.submit.opcode',
    statement: 'An operation that does not exist, and a flag of requests that does not, give EINVAL.',
    source: 'io_uring_enter(2), EINVAL',
    steps: [
      ring,
      ...refused(
        nothingToDo('opcode', { fields: { opcode: 250 } }),
        nothingToDo('flag', { fields: { flags: 0x80 } }),
      ),
      submit('ring', nothingToDo('good')),
      completions('ring', { good: '0' }),
    ],
  },
  {
    id: 'iou.timeout.invalid',
    statement:
      'A timeout that is negative, more than one of them, or unknown flags give EINVAL, and a bad address EFAULT.',
    source: 'io_uring_enter(2), IORING_OP_TIMEOUT; liburing timeout',
    steps: [
      ring,
      ...refused(
        timeoutAfter('negative', -1),
        timeoutAfter('two', 1, { fields: { len: 2 } }),
        timeoutAfter('none', 1, { fields: { len: 0 } }),
        timeoutAfter('unknown flag', 1, { timeoutFlags: 0x40000000 }),
      ),
      submit('ring', timeoutAfter('bad address', 1, { fields: { addr: 16 } })),
      completions('ring', { 'bad address': 'EFAULT' }),
    ],
  },
  {
    id: 'iou.cancel.invalid',
    statement: 'Unknown flags of ASYNC_CANCEL give EINVAL, and cancel nothing.',
    source: 'io_uring_enter(2), IORING_OP_ASYNC_CANCEL',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN')),
      ...refused(cancelRequest('unknown flag', 'p', 0x40000000)),
      write('w', 1),
      completions('ring', { p: 'IN' }),
    ],
  },
]
