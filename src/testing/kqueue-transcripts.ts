/**
 * Transcripts of kqueue: every call of a real run with its bytes, kept as JSON under `fixtures/kqueue/transcripts`, and
 * a kqueue that answers from one and accepts nothing but the calls that stand in it.
 */
import type { KqueueAbi, KqueueAbiName } from '../backends/kqueue/abi.ts'
import { layouts } from '../libc/layouts.ts'
import type { Libc } from '../libc/libc.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { viewAt } from './memory-kqueue.ts'
import type { KqueueCalls } from './memory-kqueue.ts'

/** One call. Bytes are in hexadecimal; a kqueue's own number is left out, for there is only one. */
export interface TranscriptCall {
  readonly fn: 'kqueue' | 'kevent'
  readonly changes?: string
  readonly room?: number
  readonly timeout?: string | null
  readonly result: number
  readonly errno?: number
  readonly events?: string
}

export interface Transcript {
  /** What the run was over. */
  readonly source: string
  readonly abi: KqueueAbiName
  readonly calls: readonly TranscriptCall[]
}

const hexAt = (address: number, length: number): string => {
  const { buffer, byteOffset } = viewAt(address, length)
  return Buffer.from(buffer, byteOffset, length).toString('hex')
}

/** What a call of `kevent` is given. */
function inputOf(
  { kevent: { size } }: KqueueAbi,
  args: readonly number[],
): Pick<TranscriptCall, 'changes' | 'room' | 'timeout'> {
  const [, changes = 0, nchanges = 0, , room = 0, timeout = 0] = args
  return {
    changes: nchanges === 0 ? '' : hexAt(changes, nchanges * size),
    room,
    timeout: timeout === 0 ? null : hexAt(timeout, layouts.timespec.size),
  }
}

/** A Libc that notes the calls of its kqueue. */
export function recordingKqueue(libc: Libc, abi: KqueueAbi, calls: TranscriptCall[]): Libc {
  return wrapLibc(libc, (name, native) => {
    if (name === 'kqueue') {
      return () => {
        const result = native()
        calls.push({ fn: name, result: 0 })
        return result
      }
    }
    if (name !== 'kevent') return native
    return (...args) => {
      const input = inputOf(abi, args as readonly number[])
      const result = native(...args)
      const bytes = Math.max(0, result) * abi.kevent.size
      calls.push({
        fn: name,
        ...input,
        result,
        ...(result === -1 ? { errno: libc.errno() } : {}),
        events: bytes === 0 ? '' : hexAt(Number(args[3]), bytes),
      })
      return result
    }
  })
}

/** The number of the kqueue of a transcript: no other descriptor has it. */
const KQUEUE = 2_000_000

/** Answers as a transcript says, and throws where it is asked for something else. */
export class TranscriptKqueue implements KqueueCalls {
  readonly #abi: KqueueAbi
  readonly #left: TranscriptCall[]
  #errno = 0

  constructor(abi: KqueueAbi, transcript: Transcript) {
    this.#abi = abi
    this.#left = [...transcript.calls]
  }

  get left(): number {
    return this.#left.length
  }

  kqueue(): number {
    this.#next('kqueue', {})
    return KQUEUE
  }

  kevent(...args: readonly number[]): number {
    const { result, errno = 0, events = '' } = this.#next('kevent', inputOf(this.#abi, args))
    this.#errno = errno
    const bytes = Buffer.from(events, 'hex')
    if (bytes.length > 0) {
      const { buffer, byteOffset } = viewAt(Number(args[3]), bytes.length)
      bytes.copy(Buffer.from(buffer, byteOffset, bytes.length))
    }
    return result
  }

  owns(fd: number): boolean {
    return fd === KQUEUE
  }

  errno(): number {
    return this.#errno
  }

  #next(fn: TranscriptCall['fn'], input: ReturnType<typeof inputOf> | object): TranscriptCall {
    const call = this.#left.shift()
    if (call === undefined) throw new Error(`${fn} is called once more than in the transcript`)
    const { result: _, errno: __, events: ___, ...expected } = call
    const [said, meant] = [{ fn, ...input }, expected].map((one) => JSON.stringify(one))
    if (said !== meant) throw new Error(`a call differs from the transcript: ${said} instead of ${meant}`)
    return call
  }
}
