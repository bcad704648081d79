import type { Family } from '../../check.ts'
import { bulk } from './bulk.ts'
import { calls } from './calls.ts'
import { closing } from './closing.ts'
import { ends } from './end.ts'
import { errors } from './errors.ts'
import { filesReading } from './files.ts'
import { flags } from './flags.ts'
import { forks } from './fork.ts'
import { nesting } from './nesting.ts'
import { once } from './once.ts'
import { processes } from './processes.ts'
import { races } from './races.ts'
import { reading } from './read.ts'
import { registrations } from './registrations.ts'
import { spaces } from './space.ts'
import { threads } from './threads.ts'
import { timerChanges } from './timer-changes.ts'
import { timers } from './timers.ts'
import { user } from './user.ts'
import { vnodes } from './vnode.ts'
import { writing } from './write.ts'

/** kqueue as C has it: `kqueue()` and `kevent()`. */
export const kqueues: readonly Family[] = [
  {
    name: 'kq.calls',
    title: 'kqueue: registrations and calls',
    why: 'Whoever makes changes by the hundred and takes events by the hundred relies on it that each is made, told and lost exactly as the manual says.',
    checks: [...registrations, ...calls, ...errors, ...bulk],
  },
  {
    name: 'kq.flags',
    title: 'kqueue: flags of registrations',
    why: 'EV_CLEAR, EV_ONESHOT and EV_DISPATCH are how threads share descriptors: one event too many is a race, one too few a program that sleeps on.',
    checks: [...flags, ...once],
  },
  {
    name: 'kq.descriptors',
    title: 'kqueue: reading and writing',
    why: 'Programs read and write as much as data says, and close on EV_EOF: what is wrong there is lost data, or a loop that spins.',
    checks: [...reading, ...ends, ...closing, ...filesReading, ...writing, ...spaces],
  },
  {
    name: 'kq.events',
    title: 'kqueue: user events, timers, processes, signals and files',
    why: 'These filters replace pipes, timers and signal handlers. Where one fails there is nothing else in the program that would notice.',
    checks: [...user, ...timers, ...timerChanges, ...processes, ...vnodes],
  },
  {
    name: 'kq.sharing',
    title: 'kqueue: threads, processes and other kqueues',
    why: 'A kqueue that several threads use must give each event to one of them, whatever the others do meanwhile.',
    checks: [...nesting, ...forks, ...threads, ...races],
  },
]
