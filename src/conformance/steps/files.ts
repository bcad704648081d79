/** Steps for files that have a name. */
import { O } from '../../libc/constants/linux.ts'
import type { Expected, Name, StepOf } from '../steps.ts'

/** A path: absolute, or in a directory that a step has made (`@directory/file`). */
export type PathText = `/${string}` | `@${string}`

export type FileStep =
  | { op: 'directory'; as: Name }
  | { op: 'open'; as: Name; path: PathText; flags: number; expect: Expected }
  | { op: 'mkfifo'; path: PathText }

/** Makes a new directory, wherever one can be made. It is gone, with all that is in it, when the scenario ends. */
export const directory = (as: Name): StepOf<'directory'> => ({ op: 'directory', as })
/** Opens a file, without waiting and without making a terminal ours. Unsupported where there is no such file. */
export const open = (
  as: Name,
  path: PathText,
  flags: number = O.RDONLY,
  expect: Expected = 'ok',
): StepOf<'open'> => ({ op: 'open', as, path, flags: flags | O.NONBLOCK, expect })
export const mkfifo = (path: PathText): StepOf<'mkfifo'> => ({ op: 'mkfifo', path })
