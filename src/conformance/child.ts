/** Entry point of the child process that runs the checks of one backend. */
import { writeSync } from 'node:fs'
import { LibraryError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { openLibc } from '../libc/libc.ts'
import { MESSAGE_FD } from './messages.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { runChecks } from './session.ts'

function say(message: ChildMessage): void {
  writeSync(MESSAGE_FD, `${JSON.stringify(message)}\n`)
}

function open(lib: string | undefined): Libc | undefined {
  try {
    return openLibc({ lib })
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error
    say({ kind: 'library', library: error.library, reason: error.reason })
    return undefined
  }
}

say({ kind: 'hello' })
const order = JSON.parse(process.argv[2] ?? '{}') as ChildOrder
const libc = open(order.lib)
if (libc !== undefined) {
  runChecks(libc, order.backend, order.ids, {
    onCheck: (id) => say({ kind: 'check', id }),
    onStep: (step) => say({ kind: 'step', step }),
    onResult: (result) => say({ kind: 'result', result }),
  })
  // A thread that is still in a native call would keep an ordinary exit waiting.
  libc.fn._exit(0)
}
