import type { Family } from '../../check.ts'
import { basics } from './basics.ts'
import { limits } from './limits.ts'
import { races } from './races.ts'
import { readiness } from './readiness.ts'
import { topology } from './topology.ts'
import { threads } from './waiters.ts'

/** An epoll in another epoll. */
export const nesting: Family = {
  name: 'epoll.nest',
  title: 'nested epoll',
  why: 'Libraries with a loop of their own (Wayland, libinput, D-Bus, GUI toolkits) hand their epoll to the loop of the program. Where its readiness is cached, or a wake-up is not passed on, the program sleeps through input, or spins.',
  checks: [...basics, ...readiness, ...topology, ...threads, ...limits, ...races],
}
