/** Polls that are armed, changed and removed while another thread makes their descriptor ready. */
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { pipe } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { ringUse } from '../../operations/rings.ts'
import { WOKEN } from '../../patience.ts'
import { cancelRequest, pollAdd, pollMulti, pollRemove, pollUpdate } from '../../rings/requests.ts'
import { completionsText } from '../../rings/use.ts'
import type { CompletionText, RingUse } from '../../rings/use.ts'
import { setupRing } from '../../steps/rings.ts'
import type { RingRequest } from '../../steps/rings.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'

/** Made when it is first used: to have memory is to have chosen a binding. */
let memory: Memory | undefined
const byte = (): Memory => (memory ??= new Memory(1, { shared: true }))

export const races: readonly Check[] = [
  ringCheck({
    id: 'iou.race.arm',
    statement: 'A poll that is armed while another thread writes completes, and does so once.',
    kind: 'race',
    source: 'io_uring_enter(2), IORING_OP_POLL_ADD',
    why: 'What becomes ready between the first look and the entry in the wait queue is easily lost.',
    threads: 1,
    run(machine) {
      const { use, writer } = start(machine)
      machine.begin('arm a poll while a thread writes')
      race(machine, (round) => {
        const label = `p${round % 2}`
        writer.again()
        dawdle(machine, round)
        submitNow(machine, use, pollAdd(label, 'r', 'IN'))
        const found = collectUntil(use, (so) => so.length >= 1)
        expectOneOf(found, [`${label} IN`], round)
        sys(machine.libc, 'read', machine.fd('r'), byte().address, 1)
        writer.finish()
      })
      writer.stop()
    },
  }),
  ringCheck({
    id: 'iou.race.multishot',
    statement: 'A multishot poll misses no write of another thread while this one drains the pipe.',
    kind: 'race',
    source: 'io_uring_enter(2), IORING_POLL_ADD_MULTI; axboe/liburing#1014',
    threads: 1,
    run(machine) {
      machine.run(pipe('r', 'w'), setupRing('ring', { entries: 4, completions: 4096 }))
      const use = ringUse(machine, 'ring')
      const writer = writerOf(machine, false)
      submitNow(machine, use, pollMulti('p', 'r', 'IN'))
      machine.begin('take completions and drain, while a thread writes')
      let bytes = 0
      race(machine, (round) => {
        const found = collectUntil(use, (so) => so.length > 0)
        if (found.length === 0)
          throw new Failure('every write is reported', `no completion in round ${round}`)
        for (const [label, what] of found) {
          if (label !== 'p' || what !== 'IN more')
            throw new Failure('p IN more', completionsText([[label, what]]))
        }
        while (machine.libc.fn.read(machine.fd('r'), byte().address, 1) === 1) {
          writer.again()
          dawdle(machine, bytes++)
        }
      })
      writer.stop()
    },
  }),
  ringCheck({
    id: 'iou.race.remove',
    statement:
      'A poll that is removed while another thread writes completes once: cancelled where the removal says 0, and ready where it says ENOENT.',
    kind: 'race',
    source: 'io_uring_enter(2), IORING_OP_POLL_REMOVE; liburing poll-cancel-ton',
    threads: 1,
    run(machine) {
      raceWithWrite(machine, {
        arm: (label) => pollAdd(label, 'r', 'IN'),
        change: (label) => pollRemove('change', label),
        outcomes: (label) => [
          `change 0; ${label} ECANCELED`,
          `change ENOENT; ${label} IN`,
          `change EALREADY; ${label} IN`,
          `change EALREADY; ${label} ECANCELED`,
        ],
      })
    },
  }),
  ringCheck({
    id: 'iou.race.update',
    statement:
      'A poll whose user_data is changed while another thread writes completes once: with the new one where the change says 0, and with the old one otherwise.',
    kind: 'race',
    source: 'io_uring_enter(2), IORING_POLL_UPDATE_USER_DATA; axboe/liburing#310',
    bugs: ['axboe/liburing#310: on Linux 5.12 a poll that was updated completed twice, or for nothing'],
    threads: 1,
    run(machine) {
      raceWithWrite(machine, {
        arm: (label) => pollAdd(label, 'r', 'IN'),
        change: (label) => pollUpdate('change', label, { becomes: `new ${label}` }),
        outcomes: (label) => [
          `change 0; new ${label} IN`,
          `change ENOENT; ${label} IN`,
          `change EALREADY; ${label} IN`,
        ],
      })
    },
  }),
  ringCheck({
    id: 'iou.poll.multi.order',
    statement: 'After a completion without IORING_CQE_F_MORE no other one of that request comes.',
    kind: 'race',
    source: 'io_uring_enter(2), IORING_CQE_F_MORE; liburing poll-mshot-update',
    why: 'Programs free what belongs to a request with its last completion, and give its number to another.',
    threads: 1,
    run(machine) {
      raceWithWrite(machine, {
        arm: (label) => pollMulti(label, 'r', 'IN'),
        change: (label) => cancelRequest('change', label),
        outcomes: (label) => [`change 0; ${label} ECANCELED`, `change 0; ${label} IN more, then ECANCELED`],
      })
    },
  }),
  ringCheck({
    id: 'iou.race.remove-multishot',
    statement:
      'A removal of a multishot poll that says EALREADY, because an event is on its way, has removed nothing; made again it ends the poll, once.',
    kind: 'race',
    source: 'io_uring_prep_poll_remove(3), EALREADY; io_uring/poll.c, io_poll_disarm; measured (Linux 6.18)',
    why: 'Who takes EALREADY for the end of the poll is told of events of a descriptor that it has given up. ASYNC_CANCEL does not say it.',
    threads: 1,
    run(machine) {
      const { use, writer } = start(machine)
      machine.begin('arm a multishot poll, and remove it while a thread writes')
      race(machine, (round) => {
        const label = `p${round % 2}`
        submitNow(machine, use, pollMulti(label, 'r', 'IN'))
        writer.again()
        dawdle(machine, round)
        const found = removeAtLast(machine, use, label)
        writer.finish()
        found.push(...use.collect())
        expectOneOf(found, [`${label} ECANCELED`, `${label} IN more, then ECANCELED`], round)
        sys(machine.libc, 'read', machine.fd('r'), byte().address, 1)
      })
      writer.stop()
    },
  }),
]

interface Round {
  readonly arm: (label: string) => RingRequest
  /** What is done to it while another thread writes. Its label is `change`. */
  readonly change: (label: string) => RingRequest
  /** All that may come of the two. */
  readonly outcomes: (label: string) => readonly string[]
}

/** Round by round a poll is armed and then changed while another thread writes. */
function raceWithWrite(machine: Machine, { arm, change, outcomes }: Round): void {
  const { use, writer } = start(machine)
  machine.begin('arm a poll, and change it while a thread writes')
  race(machine, (round) => {
    // A completion that comes a round too late has a label that this round does not expect.
    const label = `p${round % 2}`
    submitNow(machine, use, arm(label))
    writer.again()
    dawdle(machine, round)
    submitNow(machine, use, change(label))
    const found = collectUntil(use, isOver)
    writer.finish()
    found.push(...use.collect())
    expectOneOf(found, outcomes(label), round)
    sys(machine.libc, 'read', machine.fd('r'), byte().address, 1)
  })
  writer.stop()
}

/** Whether both the poll and the change of it have had their last completion. */
const isOver = (found: readonly CompletionText[]): boolean =>
  found.filter(([, what]) => !what.endsWith(' more')).length >= 2

/** Removes a poll, again and again while that says EALREADY. Its completions, without those of the removals. */
function removeAtLast(machine: Machine, use: RingUse, label: string): CompletionText[] {
  const found: CompletionText[] = []
  for (let i = 0; i < MOST_REMOVALS; i++) {
    submitNow(machine, use, pollRemove('remove', label))
    const isAnswer = ([of]: CompletionText): boolean => of === 'remove'
    const now = collectUntil(use, (so) => so.some(isAnswer))
    found.push(...now.filter((completion) => !isAnswer(completion)))
    const answer = now.find(isAnswer)?.[1] ?? 'no completion'
    if (answer === '0') return found
    machine.expect(answer, 'EALREADY', 'a removal that does not give 0 gives')
  }
  throw new Failure('a removal at last gives 0', `${MOST_REMOVALS} of them give EALREADY`)
}

/** What is on its way arrives with the next call, so that a second removal does it. */
const MOST_REMOVALS = 100

function start(machine: Machine): { use: RingUse; writer: Partner } {
  machine.run(pipe('r', 'w'), setupRing('ring'))
  return { use: ringUse(machine, 'ring'), writer: writerOf(machine, true) }
}

/** A thread that writes a byte at once, or when it is told to for the first time, and each time after that. */
function writerOf(machine: Machine, tells: boolean): Partner {
  const write = { fn: 'write', args: [machine.fd('w'), byte().address, 1], accept: [1] } as const
  const writer = new Partner(machine, 'w', [write], { tells })
  if (tells) {
    // It begins with a byte that nobody waits for.
    writer.finish()
    sys(machine.libc, 'read', machine.fd('r'), byte().address, 1)
  }
  return writer
}

function submitNow(machine: Machine, use: RingUse, request: RingRequest): void {
  use.push([request])
  machine.expect(use.submit(), 1, 'io_uring_enter says that it took')
}

/** Waits in the ring until enough has come, or the time is over. */
function collectUntil(use: RingUse, enough: (found: readonly CompletionText[]) => boolean): CompletionText[] {
  const found = use.collect()
  const end = performance.now() + WOKEN.timeoutMs
  while (!enough(found) && performance.now() < end) {
    use.ring.enter({ least: 1, timeoutMs: WOKEN.timeoutMs })
    found.push(...use.take())
  }
  return found
}

function expectOneOf(found: readonly CompletionText[], outcomes: readonly string[], round: number): void {
  const is = completionsText(found)
  if (outcomes.includes(is)) return
  throw new Failure(outcomes.join(', or '), `${is}, in round ${round}`)
}
