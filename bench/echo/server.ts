/** The server under load: an echo on the Io surface, a fiber for each connection. Started by `bench/echo.ts`. */
import { readdirSync, writeSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { backends } from '../../src/backends/index.ts'
import type { BackendName } from '../../src/backends/index.ts'
import { openLibc } from '../../src/libc/libc.ts'
import { Memory } from '../../src/libc/memory.ts'
import type { Routine } from '../../src/runtime/fiber.ts'
import { Io } from '../../src/runtime/io/io.ts'
import type { Stream } from '../../src/runtime/io/stream.ts'
import { partOf } from '../../src/runtime/io/vectors.ts'
import { Scheduler } from '../../src/runtime/scheduler.ts'
import type { ServerLine } from './messages.ts'

const SAMPLE_MS = 1000
const BUFFER_BYTES = 4096

const [backend = 'epoll', lib = '', wanted = '0'] = process.argv.slice(2)
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const libc = openLibc({ lib: lib === '' ? undefined : lib })
using scheduler = new Scheduler(libc, { backend: backends[backend as BackendName] })
using io = new Io(libc, scheduler)
const errors: string[] = []
let connections = 0
let echoes = 0
let echoedBytes = 0

io.async(serve, 'server')
scheduler.run()

function* serve(): Routine {
  using server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 }, { backlog: 4096 })
  if (server.address.family !== 'unix') tell({ kind: 'listening', port: server.address.port })
  // What the backend opens for itself is there when somebody has waited.
  yield scheduler.blockOnFd(server.fd, 'read')
  const before = descriptors()
  const group = io.group('connections')
  const sampling = io.async(sample, 'sampling')
  for (let i = 0; i < Number(wanted); i++) {
    const stream = yield* server.accept()
    group.async(() => echo(stream))
  }
  yield* group.wait()
  yield* io.cancel(sampling)
  const { registrations } = scheduler.counts
  const fibers = scheduler.counts.fibers - 1
  tell({ kind: 'end', fibers, registrations, descriptors: descriptors() - before, errors, echoedBytes })
}

function* echo(stream: Stream): Routine {
  using _stream = stream
  connections++
  const memory = new Memory(BUFFER_BYTES)
  try {
    let n: number
    while ((n = yield* stream.read([memory])) > 0) {
      yield* stream.writeAll([partOf(memory, 0, n)])
      echoes++
      echoedBytes += n
    }
  } catch (error) {
    errors.push(String(error))
  }
  connections--
}

function* sample(): Routine {
  for (;;) {
    yield* io.sleep(SAMPLE_MS)
    collect()
    const { heapUsed: heapBytes, external: externalBytes, rss: rssBytes } = process.memoryUsage()
    tell({ kind: 'sample', connections, heapBytes, externalBytes, rssBytes, echoedBytes, echoes })
  }
}

/** At once: this process never comes to its own event loop. */
function tell(line: ServerLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}
