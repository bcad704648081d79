/**
 * Loops over each backend against each other: random changes of interest and of what is watched, everywhere at
 * once; whatever happens, all must report the same events, to the last property.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Interest } from '../backends/backend.ts'
import { loopEvents } from '../testing/loops.ts'
import { anyChange, Source, SOURCES } from '../testing/sources.ts'
import type { Change } from '../testing/sources.ts'
import { EventLoop } from './event-loop.ts'
import type { LoopEvent } from './event-loop.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

type Step =
  | { readonly op: 'change'; readonly slot: number; readonly change: Change }
  | { readonly op: 'add'; readonly slot: number; readonly pick: number }
  | { readonly op: 'delRead' | 'delWrite' | 'replace' | 'wake'; readonly slot: number }
  | { readonly op: 'wait' }

const slot = fc.nat(SOURCES - 1)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('add'), slot, pick: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('change'), slot, change: anyChange }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom('delRead', 'delWrite', 'replace', 'wake'), slot }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('wait') }) },
)

class World {
  readonly #sources = Array.from({ length: SOURCES }, (_, i) => new Source(libc, i))
  readonly #loops: readonly EventLoop[]
  #tokens = 0n

  constructor(merge: boolean) {
    this.#loops = testedBackends
      .map(([, backend]) => backend)
      .map((backend) => new EventLoop(libc, { backend, merge }))
    for (const loop of this.#loops) loop.addWake(2n ** 64n - 1n)
  }

  close(): void {
    for (const loop of this.#loops) loop.close()
    for (const source of this.#sources) source.close()
  }

  /** Makes a step everywhere, and returns what each loop reported. */
  run(step: Step): readonly (readonly LoopEvent[])[] {
    if (step.op === 'wait')
      return this.#loops.map((loop) => loopEvents(loop).map((event) => this.#comparable(event)))
    const source = this.#sources[step.slot]
    if (source === undefined) throw new RangeError(`there is no source ${step.slot}`)
    if (step.op === 'change') source.change(step.change)
    else if (step.op === 'add') this.#add(source.fd, source.interest(step.pick))
    else if (step.op === 'replace') this.#replace(source)
    else if (step.op === 'wake') for (const loop of this.#loops) loop.wake()
    else for (const loop of this.#loops) loop[step.op](source.fd)
    return []
  }

  /**
   * Where one loop gets bytes with its events, those of what is no stream are left out, for they are no bytes; and so
   * is the error of a socket, which libkqueue takes away from the others when it looks.
   */
  #comparable(event: LoopEvent): LoopEvent {
    if (this.#loops.every(({ backend }) => backend.capabilities.byteCounts === 'asked')) return event
    const kind = this.#sources.find(({ fd }) => fd === event.fd)?.kind
    return {
      ...event,
      bytes: kind === 'eventfd' ? null : event.bytes,
      error: kind === 'socket' ? false : event.error,
    }
  }

  #add(fd: number, interest: number): void {
    const token = (++this.#tokens << 33n) | this.#tokens
    for (const loop of this.#loops) {
      if ((interest & Interest.READ) !== 0) loop.addRead(fd, token)
      if ((interest & Interest.WRITE) !== 0) loop.addWrite(fd, token + 1n)
    }
  }

  #replace(source: Source): void {
    for (const loop of this.#loops) {
      loop.delRead(source.fd)
      loop.delWrite(source.fd)
    }
    source.replace()
  }
}

test.each([true, false])(
  'loops report the same over every backend, whatever is done (merge: %s)',
  (merge) => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
        const world = new World(merge)
        try {
          for (const step of [...steps, { op: 'wait' } as const]) {
            const [first, ...others] = world.run(step)
            for (const other of others) expect(other).toEqual(first)
          }
        } finally {
          world.close()
        }
      }),
      { numRuns: 200 },
    )
  },
)
