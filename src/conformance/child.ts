/** Entry point of the child process that runs the checks of one backend. */
import { openLibcOrSay, receiveOrder, say } from '../child-side.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { runChecks } from './session.ts'

const order = receiveOrder<ChildOrder>()
const libc = openLibcOrSay(order.lib)
if (libc !== undefined) {
  runChecks(libc, order.backend, order.ids, {
    onUnavailable: (reason) => say<ChildMessage>({ kind: 'unavailable', reason }),
    onCheck: (id) => say<ChildMessage>({ kind: 'check', id }),
    onStep: (step) => say<ChildMessage>({ kind: 'step', step }),
    onFailure: (result) => say<ChildMessage>({ kind: 'failure', result }),
    onResult: (result) => say<ChildMessage>({ kind: 'result', result }),
  })
  // A thread that is still in a native call would keep an ordinary exit waiting.
  libc.fn._exit(0)
}
