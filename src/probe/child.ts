/** Entry point of the child process that tries what is risky to try. */
import { openLibcOrSay, receiveOrder, say } from '../child-side.ts'
import { subjectsOf } from './features/index.ts'
import type { ProbeMessage, ProbeOrder } from './messages.ts'
import { runTries, triesOf } from './tries.ts'

const order = receiveOrder<ProbeOrder>()
const libc = openLibcOrSay(order.lib)
if (libc !== undefined) {
  const wanted = new Set(order.ids)
  const tries = triesOf(subjectsOf(order.backends)).filter(({ id }) => wanted.has(id))
  runTries(libc, tries, {
    onTry: (id) => say<ProbeMessage>({ kind: 'try', id }),
    onOutcome: (id, outcome) => say<ProbeMessage>({ kind: 'outcome', id, outcome }),
  })
  libc.fn._exit(0)
}
