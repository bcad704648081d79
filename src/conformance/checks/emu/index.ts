import type { Family } from '../../check.ts'
import { registration } from './registration.ts'
import { scale } from './scale.ts'
import { waiting } from './waiting.ts'

/**
 * What implementations in user space, emulators and young kernels have got wrong, and what no other family shows.
 * Most of their mistakes are shown by checks of what they broke: those name the projects among their bugs.
 */
export const pitfalls: Family = {
  name: 'emu',
  title: 'pitfalls of implementations in user space',
  why: 'Each of these has bitten at least one project that has built epoll, poll or select anew. They are what is left when the plain cases work: a second waiter, a second epoll, a number that is used again, an answer that comes late.',
  checks: [...registration, ...waiting, scale],
}
