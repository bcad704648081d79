/** Entry point of the child process that plays random programs: what a library does wrong may end it. */
import { backends } from '../../backends/index.ts'
import { SHARED_FD } from '../../child-process.ts'
import { openLibcOrSay, receiveOrder, say } from '../../child-side.ts'
import { whereaboutsWriter } from '../whereabouts.ts'
import { Lockstep } from './lockstep.ts'
import type { FuzzMessage, FuzzOrder } from './messages.ts'

const order = receiveOrder<FuzzOrder>()
const libc = openLibcOrSay(order.lib)
if (libc !== undefined) {
  const backend = backends[order.backend]
  const availability = backend.availability(libc)
  if (!availability.available) {
    say<FuzzMessage>({ kind: 'unavailable', reason: availability.reason })
  } else {
    const tell = order.hasWhereabouts ? whereaboutsWriter(libc, SHARED_FD) : () => undefined
    const lockstep = new Lockstep(libc, backend, order.directory)
    if ('program' in order) {
      const difference = lockstep.compare(order.program, (step, index) =>
        tell({ check: 0, step: `${index} ${step}` }),
      )
      say<FuzzMessage>({ kind: 'answer', ...(difference === undefined ? {} : { difference }) })
    } else {
      // Not to be loaded where it is not needed: fast-check takes as long as all the rest.
      const { playShare } = await import('./share.ts')
      playShare(lockstep, order, tell, (message) => say<FuzzMessage>(message))
    }
    lockstep.close()
  }
  // A library may have threads that keep an ordinary exit waiting.
  libc.fn._exit(0)
}
