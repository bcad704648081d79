import { returnDescriptors } from '../../libc/buffers.ts'
import type { BufferArgument } from '../../libc/buffers.ts'
import type { Libc } from '../../libc/libc.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'
import { UnsupportedError } from '../../errors.ts'
import { buffersOf } from './call-buffers.ts'
import { isSame, outputOf } from './outputs.ts'
import { assertChecked, RecordedQueue } from './recorded-queue.ts'
import type { QueueRecorder } from './recorded-queue.ts'
import type { Recorder } from './recorder.ts'
import { varyingArgument } from './tape.ts'
import type { Output, RecordedCall, Tape } from './tape.ts'

/** Functions that look something up, and are no part of what is measured. */
const lookUps: ReadonlySet<FunctionName> = new Set(['dlopen', 'dlsym', 'dladdr', 'strlen'])

/** What a function was last recorded to do. Mostly it does the same again, but for the descriptor. */
interface Known {
  readonly tape: Tape
  readonly call: RecordedCall
  /** Its action on the tape. */
  readonly action: number
  readonly buffers: readonly BufferArgument[]
}

const NONE: readonly Output[] = []

/** Whether there is no more to a call than its arguments and what it leaves. */
function isPlain({ checked, binds, bound }: RecordedCall): boolean {
  return checked && binds === undefined && bound !== true
}

/** Whether a call has these arguments again, the varying one aside where that is the step's number. */
function isRepeated(
  { args, opens }: RecordedCall,
  given: readonly number[],
  varying: number | undefined,
): boolean {
  if (given.length !== args.length) return false
  for (let i = 0; i < args.length; i++)
    if (args[i] !== given[i] && (opens === true || i !== varying)) return false
  return true
}

function isSameOutcome(
  call: RecordedCall,
  opens: boolean,
  result: number,
  errno: number,
  outputs: readonly Output[],
): boolean {
  if (call.opens !== opens || call.errno !== errno) return false
  if (opens) return true
  return (
    call.result === result &&
    call.outputs.length === outputs.length &&
    outputs.every((output, i) => output === call.outputs[i])
  )
}

/** Records the calls of one thread. */
export class LaneRecorder {
  /** A Libc whose calls are recorded while a tape runs. */
  readonly libc: Libc
  /** Set by the recorder while it records. */
  tape: Tape | undefined
  readonly #plain: Libc
  readonly #recorder: Recorder

  constructor(libc: Libc, recorder: Recorder) {
    this.#plain = libc
    this.#recorder = recorder
    const wrapped = wrapLibc(libc, (name, native) => {
      if (lookUps.has(name)) return native
      const recorded = this.#recorded(name, native)
      return (...args) => {
        // Through a Poller that lanes share, a lane may act by the functions of another one.
        const { tape } = recorder.acting ?? this
        return tape === undefined ? native(...args) : recorded(tape, args)
      }
    })
    const queues: QueueRecorder = {
      tape: () => {
        assertChecked(recorder.acting !== undefined)
        return this.tape
      },
      mapped: (address) => recorder.mapped(address),
    }
    this.libc = { ...wrapped, queue: (place) => new RecordedQueue(libc.queue(place), place, queues) }
  }

  mark(): void {
    this.tape?.addPlain('mark')
  }

  pace(): void {
    this.tape?.addPlain('pace')
  }

  barrier(): void {
    this.tape?.addPlain('barrier')
  }

  /** These calls are this lane's, through whatever Libc, and their results may differ from replay to replay. */
  unchecked<T>(calls: () => T): T {
    const { acting } = this.#recorder
    this.#recorder.acting = this
    try {
      return calls()
    } finally {
      this.#recorder.acting = acting
    }
  }

  #recorded(
    name: FunctionName,
    native: NativeCall,
  ): (tape: Tape, args: readonly (number | string)[]) => number {
    const kinds = signatures[name].args
    const fixed = this.#recorder.buffers[name] ?? []
    /** The arguments of which it is not known what is done with the memory that they lead to. */
    const unknown = [...kinds.keys()].filter((index) => {
      const kind = kinds[index]
      return kind === 'string' || (kind === 'pointer' && !fixed.some((buffer) => buffer.index === index))
    })
    const varying = varyingArgument(name)
    /** What each pointer argument was last seen to leave: mostly it is the same again. */
    const last: (Output | undefined)[] = []
    const recorder = this.#recorder
    let known: Known | undefined
    return (tape, given) => {
      const args = given as readonly number[]
      const checked = recorder.acting === undefined
      const again =
        checked && known?.tape === tape && isRepeated(known.call, args, varying) ? known : undefined
      if (again === undefined && unknown.some((index) => args[index] !== 0)) {
        throw new UnsupportedError(`recording ${name}`, 'it is not known what it does with memory')
      }
      const buffers = again?.buffers ?? buffersOf(name, args, fixed)
      for (const buffer of buffers) {
        const address = args[buffer.index] ?? 0
        if (address === 0 || buffer.use === 'out') continue
        recorder.addStores(tape, address, recorder.bytesAt(address, buffer.size(args, 0)))
      }
      const result = native(...args)
      const errno = result === -1 ? this.#plain.errno() : 0
      let outputs = NONE
      for (const buffer of buffers) {
        const { index, use } = buffer
        const address = args[index] ?? 0
        if (address === 0) continue
        if (again === undefined) tape.memory.add(recorder.ownerOf(address))
        if (use === 'in') continue
        const bytes = recorder.bytesAt(address, buffer.size(args, result))
        recorder.learn(address, bytes, use === 'spent')
        if (use === 'spent' || !checked || bytes.length < 4) continue
        const before = last[index]
        const output =
          before !== undefined && isSame(before, address, bytes) ? before : outputOf(address, bytes)
        last[index] = output
        outputs = [...outputs, output]
      }
      const opens = checked && result >= 0 && returnDescriptors.has(name)
      const number = opens ? result : varying === undefined ? 0 : (args[varying] ?? 0) | 0
      const bound = varying === undefined || opens ? undefined : recorder.slotOf(number)
      if (
        again !== undefined &&
        bound === undefined &&
        isSameOutcome(again.call, opens, result, errno, outputs)
      ) {
        tape.repeat(again.action, number)
        return result
      }
      const kept = args.slice()
      if (varying !== undefined && !opens) kept[varying] = 0
      if (bound !== undefined && name === 'close') recorder.unbind(number)
      const maps = name === 'mmap' && result !== -1
      if (maps) recorder.addMapping(result, args[1] ?? 0)
      const isDescriptor = !checked && result >= 0 && returnDescriptors.has(name)
      const binds = isDescriptor || maps ? recorder.bind(result) : undefined
      const call: RecordedCall = {
        kind: 'call',
        name,
        args: kept,
        result: opens ? 0 : result,
        opens,
        errno,
        // The kernel maps it where there is room.
        checked: checked && !maps,
        binds,
        bound: bound !== undefined,
        outputs: opens ? [] : outputs,
      }
      tape.addCall(call, bound ?? number)
      known = isPlain(call) ? { tape, call, action: tape.lastAction, buffers } : undefined
      return result
    }
  }
}
