/** Entry point of the child process that plays random programs: what a library does wrong may end it. */
import { backends } from '../../backends/index.ts'
import { SHARED_FD } from '../../child-process.ts'
import { openLibcOrSay, receiveOrder, say } from '../../child-side.ts'
import { whyUnavailable } from '../unavailable.ts'
import { whereaboutsWriter } from '../whereabouts.ts'
import type { Place } from '../whereabouts.ts'
import { Lockstep } from './lockstep.ts'
import type { FuzzMessage, FuzzOrder, Shortening } from './messages.ts'
import { shrink } from './shrink.ts'

type Tell = (place: Place) => void

const order = receiveOrder<FuzzOrder>()
const libc = openLibcOrSay(order.lib)
if (libc !== undefined) {
  // One that is there and does not work is played: that is what differs.
  const reason = whyUnavailable(libc, order.backend)
  if (reason !== undefined) {
    say<FuzzMessage>({ kind: 'unavailable', reason })
  } else {
    const tell: Tell = order.hasWhereabouts ? whereaboutsWriter(libc, SHARED_FD) : () => undefined
    const lockstep = new Lockstep(libc, backends[order.backend], order.directory)
    if ('program' in order) {
      const difference = lockstep.compare(order.program, (step, index) =>
        tell({ check: 0, step: `${index} ${step}` }),
      )
      say<FuzzMessage>({ kind: 'answer', ...(difference === undefined ? {} : { difference }) })
    } else if ('shorten' in order) {
      shorten(lockstep, order, tell)
    } else {
      // Not to be loaded where it is not needed: fast-check takes as long as all the rest.
      const { playShare } = await import('./share.ts')
      playShare(lockstep, order.backend, order, tell, (message) => say<FuzzMessage>(message))
    }
    lockstep.close()
  }
  // A library may have threads that keep an ordinary exit waiting.
  libc.fn._exit(0)
}

/** Tries what is not known yet, up to the first that shows something. The parent can see which one is being tried. */
function shorten(lockstep: Lockstep, { shorten: program, known, yes }: Shortening, tell: Tell): void {
  const answers = new Set(yes)
  let question = -1
  let isFound = false
  shrink(program, (candidate) => {
    question++
    if (isFound) return false
    if (question < known) return answers.has(question)
    isFound =
      lockstep.compare(candidate, (step, index) => tell({ check: question, step: `${index} ${step}` })) !==
      undefined
    if (isFound) say<FuzzMessage>({ kind: 'still', question })
    return isFound
  })
}
