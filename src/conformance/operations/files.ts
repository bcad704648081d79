import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { O } from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import { makeOwnDirectory } from '../../own-directory.ts'
import type { Machine } from '../machine.ts'
import type { FileStep, PathText } from '../steps/files.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'
import { expectResult } from './outcome.ts'

/** A file that is not there, or not for us, says nothing of what is checked. */
const missing: readonly string[] = ['ENOENT', 'ENOTDIR', 'ENXIO', 'ENODEV', 'EACCES', 'EPERM', 'ENOSYS']

export const fileOperations: Operations<FileStep['op']> = {
  directory(machine, { as }) {
    const made = makeOwnDirectory()
    machine.cleanups.push(() => rmSync(made, { recursive: true, force: true }))
    machine.paths.set(as, made)
  },
  open(machine, { as, path, flags, expect }) {
    const result = machine.libc.fn.open(pathOf(machine, path), flags | O.CLOEXEC | O.NOCTTY, 0o600)
    const errno = result === -1 ? machine.libc.errno() : 0
    if (expect === 'ok' && missing.includes(errnoName(errno))) {
      throw new UnsupportedError(path, `open: ${errnoName(errno)}`)
    }
    // Bound first, so that it is closed also where it was expected to fail.
    if (result >= 0) machine.bind(as, result)
    expectResult('open', { result, errno, elapsedNs: 0 }, expect)
  },
  mkfifo(machine, { path }) {
    // EOPNOTSUPP: a file system without them.
    unlessAbsent('a FIFO', () => sys(machine.libc, 'mkfifo', pathOf(machine, path), 0o600), 'EOPNOTSUPP')
  },
}

/** What a path of a scenario is called in the file system. */
export function pathOf(machine: Machine, path: PathText): string {
  if (path.startsWith('/')) return path
  const slash = path.indexOf('/')
  const name = path.slice(1, slash === -1 ? undefined : slash)
  const directory = machine.paths.get(name)
  if (directory === undefined) throw new TypeError(`the scenario has no directory ${name}`)
  return slash === -1 ? directory : join(directory, path.slice(slash + 1))
}
