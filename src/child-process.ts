/**
 * Child processes that do what may end or hang a process, so that the parent survives it and can say what
 * happened. The child says one JSON document a line on a descriptor of its own: hello first, then what it is
 * about to do before it does it. `src/child-side.ts` is the other end.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { entryPoint } from './entry-point.ts'
import { LibraryError } from './errors.ts'
import { chosenBinding } from './libc/libc.ts'

/** The descriptor that a child writes its messages to. */
export const MESSAGE_FD = 3

/** The descriptor that parent and child may share besides. */
export const SHARED_FD = 4

/** What every child may say, whatever else it is for. */
export type ChildGreeting =
  /** The child runs at all: said before anything native is touched. */
  | { readonly kind: 'hello' }
  /** The library, or the binding, cannot be loaded. */
  | { readonly kind: 'library'; readonly library: string; readonly reason: string }

export interface ChildOptions<Message extends { readonly kind: string }> {
  /** The child's program, as `entryPoint` wants it. */
  readonly program: string
  /** What the child is to do. It travels as JSON. */
  readonly order: unknown
  /** How long the child may take to say what it does first: Node, libraries and threads have to start. Default: 60 s. */
  readonly startMs?: number
  /** How long it may be silent from then on. */
  readonly silenceMs: number
  readonly signal?: AbortSignal | undefined
  /** A descriptor that the child gets as `SHARED_FD`. */
  readonly shared?: number | undefined
  /** Asked now and then whether the child hangs although it may be silent. */
  readonly isStuck?: (() => boolean) | undefined
  readonly onMessage: (message: Message) => void
}

/** How long a child may take to start: seconds under an emulator, and many on a machine that is very busy. */
export const START_MS = 60_000

/** How a child ended. */
export interface ChildEnd {
  /** It said hello: child processes work here. */
  readonly started: boolean
  /** It was silent for too long, and was killed for it. */
  readonly hung: boolean
  /** What ended it, with the last thing that it wrote to stderr: `exit code 1 (…)`, `SIGSEGV`. */
  readonly cause: string
  /** The signal that ended it, unless it was ours. */
  readonly signal: NodeJS.Signals | undefined
  /** What the child could not load. */
  readonly library: LibraryError | undefined
}

/** Starts one child, and follows it until it has ended. Never rejects: a child that cannot start has ended. */
export async function followChild<Message extends { readonly kind: string }>(
  options: ChildOptions<Message>,
): Promise<ChildEnd> {
  const state = { started: false, hung: false, library: undefined as LibraryError | undefined }
  let beheaded = false
  const child = start(options)
  if (child instanceof Error) return { ...state, cause: child.message, signal: undefined }
  let killed = false
  const kill = (): void => {
    killed = true
    child.kill('SIGKILL')
  }
  const expire = (): void => {
    state.hung = true
    kill()
  }
  let watchdog = setTimeout(expire, clampDelayMs(options.startMs ?? START_MS))
  const pulse = setInterval(() => {
    if (!killed && options.isStuck?.() === true) expire()
    // The threads of a child that was killed end one after another.
    if (killed || !isBeheaded(child.pid)) return
    beheaded = true
    kill()
  }, PULSE_MS)
  options.signal?.addEventListener('abort', kill, { once: true })
  if (options.signal?.aborted === true) kill()

  const stderr = collect(child.stdio[2] as Readable)
  createInterface({ input: child.stdio[MESSAGE_FD] as Readable }).on('line', (line) => {
    const message = parse<Message | ChildGreeting>(line)
    if (message === undefined) return
    if (message.kind === 'hello') {
      state.started = true
    } else if (message.kind === 'library') {
      const { library, reason } = message as ChildGreeting & { kind: 'library' }
      state.library = new LibraryError(library, reason)
    } else {
      clearTimeout(watchdog)
      watchdog = setTimeout(expire, clampDelayMs(options.silenceMs))
      options.onMessage(message as Message)
    }
  })

  const { cause, signal } = await endOf(child)
  clearTimeout(watchdog)
  clearInterval(pulse)
  options.signal?.removeEventListener('abort', kill)
  // A seccomp filter with the older of its two kill actions ends the calling thread alone.
  if (beheaded && signal === 'SIGKILL') {
    return { ...state, cause: 'SIGSYS of its main thread', signal: 'SIGSYS' }
  }
  const said = lastWords(stderr())
  return {
    ...state,
    cause: state.hung ? 'it hung and was killed' : said === '' ? cause : `${cause} (${said})`,
    signal: state.hung ? undefined : signal,
  }
}

/** The child, or why there is none. Some failures are thrown, and with some the child has no pipes. */
function start(options: Pick<ChildOptions<never>, 'program' | 'order' | 'shared'>): ChildProcess | Error {
  try {
    const args = [JSON.stringify(options.order), chosenBinding()].filter((arg) => arg !== undefined)
    const child = spawn(process.execPath, [entryPoint(options.program), ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', options.shared ?? 'ignore'],
      env: childEnvironment(),
    })
    if (child.pid !== undefined || child.stdio?.[MESSAGE_FD] !== undefined) return child
    child.on('error', () => undefined)
    return new Error('it has no pipes: the descriptor limit is reached')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * What a child of ours needs of the environment. Node reads all certificates of NODE_EXTRA_CA_CERTS before anything
 * else, which takes longer than all the rest of its start, and no child speaks TLS.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
  return environment
}

/** A message, or undefined for the half of one that a child wrote when it was killed, and for any nonsense. */
function parse<Message>(line: string): Message | undefined {
  try {
    const message = JSON.parse(line) as unknown
    return typeof message === 'object' && message !== null && 'kind' in message
      ? (message as Message)
      : undefined
  } catch {
    return undefined
  }
}

/** How often a child is looked at for a main thread that is gone. */
const PULSE_MS = 100

function isBeheaded(pid: number | undefined): boolean {
  try {
    return isDeadWithLivingThreads(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/**
 * Whether /proc/PID/stat says that the main thread is dead and others live, so that the process does not end.
 * One that has ended, and is not waited for yet, has no threads any more.
 */
export function isDeadWithLivingThreads(stat: string): boolean {
  // The name of the program, in parentheses, may hold anything; the state, the third field, follows it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const threads = Number(fields[THREADS_FIELD - STATE_FIELD])
  return fields[0] === 'Z' && threads > 1
}

/** Fields of /proc/PID/stat, counted from 1. */
const STATE_FIELD = 3
const THREADS_FIELD = 20

/** The longest delay of a timer, 24.8 days. Node takes a longer one for no delay at all. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** A delay that a timer takes for what it is. */
export function clampDelayMs(ms: number): number {
  return Math.min(ms, LONGEST_DELAY_MS)
}

/** How long the pipes of a child that is gone are read. A process that it left behind may hold them open. */
const LINGER_MS = 1000

/** Resolves when the child is gone and its messages are read, with what ended it. */
async function endOf(child: ChildProcess): Promise<Pick<ChildEnd, 'cause' | 'signal'>> {
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve({ cause: error.message, signal: undefined }))
    child.once('exit', () => {
      const linger = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy()
      }, LINGER_MS)
      child.once('close', () => clearTimeout(linger))
    })
    child.once('close', (code, signal) =>
      resolve({ cause: signal ?? `exit code ${code}`, signal: signal ?? undefined }),
    )
  })
}

/** Keeps the end of what a child writes, to say why it died. */
function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4096)
  })
  return () => text
}

/** The error that ended Node, which has a stack and a version behind it; of any other text, the last line. */
function lastWords(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.findLast((line) => /^\w*Error(?: \[\w+\])?: /.test(line)) ?? lines.at(-1) ?? ''
}
