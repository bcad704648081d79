/** Entry point of the child process that runs checks of one backend. */
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
    ? whereaboutsWriter(SHARED_FD)
    : (place: Place) => say<ChildMessage>({ kind: 'place', place })
  let check = -1
  const observer: SessionObserver = {
    onUnavailable: (reason) => say<ChildMessage>({ kind: 'unavailable', reason }),
    onReady: () => say<ChildMessage>({ kind: 'ready' }),
    onCheck: () => tell({ check: ++check, step: '' }),
    onStep: (step) => tell({ check, step }),
    onFailure: (result) => say<ChildMessage>({ kind: 'failure', result }),
    onResult: (result) => say<ChildMessage>({ kind: 'result', result }),
  }
  const selected = order.ids.map((id) => findCheck(id))
  runChecks(libc, order.backend, selected, observer, order.noThreads)
  // A thread that is still in a native call would keep an ordinary exit waiting.
  libc.fn._exit(0)
}
