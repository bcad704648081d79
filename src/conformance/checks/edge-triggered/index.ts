import type { Family } from '../../check.ts'
import { basics } from './basics.ts'
import { calls } from './calls.ts'
import { fifo } from './fifo.ts'
import { others } from './others.ts'
import { pipes } from './pipes.ts'
import { races } from './races.ts'
import { registration } from './registration.ts'
import { sockets } from './sockets.ts'
import { undrained } from './undrained.ts'
import { writing } from './writing.ts'

/** Edge-triggered epoll: an entry is reported when something happens to it, and then not until it happens again. */
export const edgeTriggered: Family = {
  name: 'epoll.et',
  title: 'edge-triggered epoll',
  why: 'Servers that handle many connections use edges. An edge that is missing is a connection that hangs for ever, and only under load; one too many is 100 % of a processor.',
  checks: [
    ...basics,
    ...undrained,
    ...calls,
    ...registration,
    ...others,
    ...writing,
    ...pipes,
    ...fifo,
    ...sockets,
    ...races,
  ],
}
