/** Many polls at once, and who of several is told. */
import { drain, eventfd, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { ringUse } from '../../operations/rings.ts'
import { opNumber } from '../../rings/abi.ts'
import type { RawRing } from '../../rings/raw-ring.ts'
import { pollAdd } from '../../rings/requests.ts'
import { setupRing, submit } from '../../steps/rings.ts'
import { POLL } from '../../../libc/constants/linux.ts'

/** 5000 polls: of so many eventfds, so many each. */
const EVENTFDS = 50
const POLLS_EACH = 100
const names = Array.from({ length: EVENTFDS }, (_, i) => `e${i}`)

export const counts: readonly Check[] = [
  ringCheck({
    id: 'iou.poll.many',
    statement: `Of ${EVENTFDS * POLLS_EACH} polls each completes once, with the 64 bits that it was given, also where the ring has room for a few completions only.`,
    source: 'liburing poll-many; io_uring(7), IORING_FEAT_NODROP',
    why: 'What does not fit is kept by the kernel. A completion that is lost is a connection that is never served again.',
    descriptors: EVENTFDS + 8,
    run(machine) {
      machine.run(...names.map((name) => eventfd(name)), setupRing('ring', { entries: 64, completions: 256 }))
      const { ring } = ringUse(machine, 'ring')
      const missing = new Map<bigint, number>()
      machine.begin(`submit ${EVENTFDS * POLLS_EACH} polls`)
      for (const [i, name] of names.entries()) armAll(machine, ring, i, name, missing)
      machine.expect(ring.take().length, 0, 'completions before there is an event')
      machine.run(...names.map((fd) => ({ op: 'eventfd.write', fd, value: '1', expect: 8 }) as const))
      machine.begin('take their completions')
      takeAll(ring, missing)
    },
  }),
  ringCheck({
    id: 'iou.poll.exclusive',
    statement:
      'Of two polls and two exclusive polls of a pipe, a write completes both of the former and one of the latter.',
    level: 'de-facto',
    source: 'liburing poll-many; epoll_ctl(2), EPOLLEXCLUSIVE; measured (Linux 6.18)',
    run(machine) {
      machine.run(pipe('r', 'w'), setupRing('ring'))
      machine.run(
        submit('ring', pollAdd('normal 1', 'r', 'IN'), pollAdd('exclusive 1', 'r', 'IN|EXCLUSIVE')),
        submit('ring', pollAdd('exclusive 2', 'r', 'IN|EXCLUSIVE'), pollAdd('normal 2', 'r', 'IN')),
      )
      const told: string[] = []
      const expectTold = (normal: number, exclusive: number): void => {
        machine.run(write('w', 1))
        machine.begin('take what has completed')
        const found = ringUse(machine, 'ring').collect()
        for (const [label, what] of found) machine.expect(what, 'IN', `${label} completes with`)
        told.push(...found.map(([label]) => label))
        const count = (kind: string): number => found.filter(([label]) => label.startsWith(kind)).length
        machine.expect(count('normal'), normal, 'polls that are told')
        machine.expect(count('exclusive'), exclusive, 'exclusive polls that are told')
        machine.run(drain('r'))
      }
      expectTold(2, 1)
      expectTold(0, 1)
      machine.expect(new Set(told).size, 4, 'polls that were told once')
    },
  }),
]

/** Arms all polls of one eventfd. The data says which it is, in both halves. */
function armAll(
  machine: Machine,
  ring: RawRing,
  index: number,
  name: string,
  missing: Map<bigint, number>,
): void {
  for (let i = 0; i < POLLS_EACH; i++) {
    const number = BigInt(index * POLLS_EACH + i + 1)
    const data = (number << 32n) | (0xffffffffn - number)
    missing.set(data, 1)
    ring.push({ opcode: opNumber('POLL_ADD'), fd: machine.fd(name), op_flags: POLL.IN, user_data: data })
    if (ring.pending < ring.param('sq_entries') && i < POLLS_EACH - 1) continue
    const count = ring.pending
    ring.publish()
    machine.expect(ring.enter({ submit: count }), count, 'io_uring_enter says that it took')
  }
}

function takeAll(ring: RawRing, missing: Map<bigint, number>): void {
  for (let found = ring.take(); found.length > 0; found = ring.take()) {
    for (const { data, result, flags } of found) {
      const left = missing.get(data)
      if (left === undefined)
        throw new Failure('user_data that was submitted', `user_data 0x${data.toString(16)}`)
      if (left === 0)
        throw new Failure('each poll completes once', `that of 0x${data.toString(16)} completes again`)
      if (result !== POLL.IN || flags !== 0)
        throw new Failure('IN, and no flags', `result ${result}, flags ${flags}`)
      missing.set(data, 0)
    }
    // What did not fit into the ring comes in when there is room.
    const result = ring.enter({ least: 0 })
    if (typeof result === 'string')
      throw new Failure('io_uring_enter succeeds', `io_uring_enter gives ${result}`)
  }
  const lost = [...missing.values()].filter((left) => left > 0).length
  if (lost > 0) throw new Failure('every poll completes', `${lost} of ${missing.size} polls did not complete`)
}
