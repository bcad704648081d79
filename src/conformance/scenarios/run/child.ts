/** Entry point of the child process that plays one scenario on one backend. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLibcOrSay, receiveOrder, say } from '../../../child-side.ts'
import type { ScenarioStep } from '../schema.ts'
import { STEPS_FILE } from './messages.ts'
import type { PlayMessage, PlayOrder } from './messages.ts'
import { playOn } from './play.ts'

const { backend, lib, directory } = receiveOrder<PlayOrder>()
const steps = JSON.parse(readFileSync(join(directory, STEPS_FILE), 'utf8')) as readonly ScenarioStep[]
const libc = openLibcOrSay(lib)
if (libc !== undefined) {
  playOn(libc, backend, steps, directory, {
    onUnavailable: (reason) => say<PlayMessage>({ kind: 'unavailable', reason }),
    onReady: () => say<PlayMessage>({ kind: 'ready' }),
    onGiven: (observation) => say<PlayMessage>({ kind: 'gave', observation }),
  })
  say<PlayMessage>({ kind: 'done' })
  // A thread that is still in a native call would keep an ordinary exit waiting.
  libc.fn._exit(0)
}
