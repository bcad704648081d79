import { afterEach, describe, expect, it, vi } from 'vitest'
import { backends } from '../../backends/index.ts'
import { openLibc } from '../../libc/libc.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { pipe, shutdown, socketpair, write } from '../build.ts'
import { Failure } from '../check.ts'
import { ringNumbers } from '../kept-rings.ts'
import { Machine } from '../machine.ts'
import { closeKeptRings } from '../rings/kept.ts'
import { RawRing } from '../rings/raw-ring.ts'
import { nothingToDo, pollAdd, pollMulti, timeoutAfter } from '../rings/requests.ts'
import type { Step } from '../steps.ts'
import { completions, enter, pollByRing, setupRing, submit } from '../steps/rings.ts'
import { sleepSync } from '../../sleep.ts'

const libc = openLibc()
afterEach(() => closeKeptRings(libc))

const isAvailable = backends.io_uring.availability(libc).available

/** What steps lead to: `pass`, or what was expected and what came. */
function outcomeOf(...steps: readonly Step[]): string | readonly [expected: string, actual: string] {
  const machine = new Machine(libc, 'io_uring')
  try {
    machine.run(...steps)
    return 'pass'
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [error.expected, error.actual]
  } finally {
    machine.close()
  }
}

const readable = [pipe('r', 'w'), write('w', 1), setupRing('ring')]

describe.skipIf(!isAvailable)('completions of a ring', () => {
  it('are those that are expected, in any order', () => {
    const both = submit('ring', pollAdd('p', 'r', 'IN'), nothingToDo('n'))
    expect(outcomeOf(...readable, both, completions('ring', { n: '0', p: 'IN' }))).toBe('pass')
  })

  it.each<[string, Record<string, string>, string]>([
    ['of another mask', { p: 'OUT' }, 'p IN'],
    ['that go on', { p: 'IN more' }, 'p IN'],
    ['that nobody expects', {}, 'p IN'],
    ['of another errno', { p: 'ECANCELED' }, 'p IN'],
  ])('%s are a failure that says so', (_, expected, actual) => {
    const text = Object.entries(expected).map(([label, what]) => `${label} ${what}`)
    const outcome = outcomeOf(
      ...readable,
      submit('ring', pollAdd('p', 'r', 'IN')),
      completions('ring', expected),
    )
    expect(outcome).toEqual([text.join() || 'no completion', actual])
  })

  it('are timed from before a kernel thread could see their requests', () => {
    // As if this thread had lost its processor right after it showed the second one, which the other one takes at once.
    const show = Object.getOwnPropertyDescriptor(RawRing.prototype, 'publish')?.value as () => void
    let shown = 0
    using publish = vi.spyOn(RawRing.prototype, 'publish').mockImplementation(function (this: RawRing) {
      show.call(this)
      if (++shown === 2) sleepSync(30)
    })
    const late = [
      setupRing('ring', { flags: ['SQPOLL'] }),
      submit('ring', nothingToDo('n')),
      submit('ring', timeoutAfter('time', 20)),
      completions('ring', { n: '0', time: 'ETIME' }, { atLeastMs: 20 }),
    ]
    expect(outcomeOf(...late)).toBe('pass')
    expect(publish).toHaveBeenCalled()
  })

  it('that do not come are a failure', () => {
    const asked = [pipe('r', 'w'), setupRing('ring'), submit('ring', pollAdd('p', 'r', 'IN'))]
    const step = completions('ring', { p: 'IN' }, { timeoutMs: 5 })
    expect(outcomeOf(...asked, step)).toEqual(['p IN', 'no completion'])
  })

  it('that come too early are a failure', () => {
    const step = completions('ring', { t: 'ETIME' }, { atLeastMs: 2000 })
    const outcome = outcomeOf(setupRing('ring'), submit('ring', timeoutAfter('t', 1)), step)
    expect(outcome).toEqual([
      'the last completion not before 2000 ms',
      expect.stringMatching(/^it was there after \d+\.\d{3} ms$/),
    ])
  })

  it('have numbers that no label has where half of the number is lost', () => {
    const half = { ...libc, fn: { ...libc.fn } }
    const machine = new Machine(half, 'io_uring')
    machine.run(setupRing('ring'))
    const use = machine.ringUses.get('ring')
    use?.ring.push({ opcode: 0, user_data: machine.labels.data('n') & 0xffffffffn })
    use?.submit()
    expect(use?.collect()).toEqual([[expect.stringMatching(/^data 0x[0-9a-f]{1,8}$/), '0']])
    machine.close()
  })
})

describe.skipIf(!isAvailable)('polls by a ring of their own', () => {
  it('report what is true, and refusals', () => {
    expect(outcomeOf(...readable, pollByRing({ r: 'IN|OUT' }, { r: 'IN' }))).toBe('pass')
    expect(outcomeOf(...readable, pollByRing({ r: 'OUT' }, {}, 2))).toBe('pass')
    expect(outcomeOf(...readable, pollByRing({ r: 'IN' }, {}))).toEqual(['no events', 'r IN'])
    const closed = [pipe('r', 'w'), { op: 'close', fd: 'r' } as const]
    expect(outcomeOf(...closed, pollByRing({ r: 'IN' }, { r: 'EBADF' }))).toBe('pass')
    expect(outcomeOf(...closed, pollByRing({ r: 'IN' }, { r: 'IN' }))).toEqual(['r IN', 'r EBADF'])
  })

  it('add RDHUP to what is asked for', () => {
    const ended = [socketpair('a', 'b'), shutdown('b', 'WR')]
    expect(outcomeOf(...ended, pollByRing({ a: 'IN' }, { a: 'IN|RDHUP' }))).toBe('pass')
  })
})

describe.skipIf(!isAvailable)('a ring that a check has used', () => {
  it('is emptied, and used again', () => {
    const machine = new Machine(libc, 'io_uring')
    machine.run(pipe('r', 'w'), setupRing('ring', { entries: 8 }))
    const first = machine.ringUses.get('ring')?.ring
    machine.run(submit('ring', pollMulti('p', 'r', 'IN'), timeoutAfter('t', 60_000)))
    // Closing the pipe's ends alone would leave the poll, which holds the file.
    machine.close()
    const next = new Machine(libc, 'io_uring')
    next.run(setupRing('ring', { entries: 8 }))
    expect(next.ringUses.get('ring')?.ring).toBe(first)
    next.run(enter('ring', 1, { timeoutMs: 2, expect: 'ETIME' }), completions('ring', {}))
    next.close()
  })

  it('is closed where it cannot be emptied', () => {
    const machine = new Machine(libc, 'io_uring')
    machine.run(pipe('r', 'w'), setupRing('ring', { entries: 2, completions: 64 }))
    const ring = machine.ringUses.get('ring')?.ring
    if (ring === undefined) throw new Error('there is no ring')
    const { fd } = ring
    machine.run(submit('ring', pollMulti('p', 'r', 'IN')))
    // As of a kernel that loses completions.
    vi.spyOn(ring, 'take').mockReturnValue([])
    machine.close()
    expect(openDescriptors(libc).has(fd)).toBe(false)
    expect(ringNumbers().has(fd)).toBe(false)
  })
})
