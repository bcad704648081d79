import { O } from '../../../libc/constants/linux.ts'
import { call, epoll, eventfd, pipe, socketpair, write, add } from '../../build.ts'
import type { Name, Step, StepOf } from '../../steps.ts'

/** Has the number of one descriptor, open or closed, be another open file from now on, known by a new name. */
export const reopen = (at: Name, from: Name, as: Name): StepOf<'call'> =>
  call('dup3', [`$${from}`, `$${at}`, O.CLOEXEC], 'ok', as)

/** Puts an open file behind the number of a descriptor that is open: dup2(from, at). */
export const replace = (at: Name, from: Name): StepOf<'call'> => call('dup2', [`$${from}`, `$${at}`], 'ok')

/** Kinds of files, each with one that is readable, named `f`. */
export const readableFiles: Readonly<Record<string, readonly Step[]>> = {
  pipe: [pipe('f', 'peer'), write('peer', 1)],
  socket: [socketpair('f', 'peer'), write('peer', 1)],
  eventfd: [eventfd('f', 1)],
  epoll: [eventfd('inner', 1), epoll('f'), add('f', 'inner', 'IN')],
}
