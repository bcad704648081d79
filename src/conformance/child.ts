/** Entry point of the child process that runs checks of one backend. */
import { setFlagsFromString } from 'node:v8'
import { SHARED_FD } from '../child-process.ts'
import { openLibcOrSay, receiveOrder, say } from '../child-side.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { findCheck } from './checks/index.ts'
import { runChecks } from './session.ts'
import type { SessionObserver } from './session.ts'
import { whereaboutsWriter } from './whereabouts.ts'
import type { Place } from './whereabouts.ts'

const order = receiveOrder<ChildOrder>()
const libc = openLibcOrSay(order.lib)
if (libc !== undefined) {
  const tell = order.hasWhereabouts
    ? whereaboutsWriter(libc, SHARED_FD)
    : (place: Place) => say<ChildMessage>({ kind: 'place', place })
  const selected = order.ids.map((id) => findCheck(id))
  const hasRaces = selected.some(({ check: { kind } }) => kind === 'race')
  let check = -1
  const observer: SessionObserver = {
    onUnavailable: (reason) => say<ChildMessage>({ kind: 'unavailable', reason }),
    onReady() {
      if (!hasRaces) compileOnce()
      say<ChildMessage>({ kind: 'ready' })
    },
    onCheck: () => tell({ check: ++check, step: '' }),
    onStep: (step) => tell({ check, step }),
    onFailure: (result) => say<ChildMessage>({ kind: 'failure', result }),
    onResult: (result) => say<ChildMessage>({ kind: 'result', result }),
  }
  await runChecks(libc, order.backend, selected, observer, order.noThreads)
  // A thread that is still in a native call would keep an ordinary exit waiting.
  libc.fn._exit(0)
}

/**
 * Most of what checks run runs a few times, and is not worth its optimization, which takes a tenth of all the time of
 * the processors. Told when Node and all threads have started, which load code that was compiled without this flag.
 */
function compileOnce(): void {
  setFlagsFromString('--no-opt')
}
