import type { BackendName } from '../../backends/index.ts'
import type { Check } from '../check.ts'
import type { Machine } from '../machine.ts'
import { backendsOf, namesOf, variants, waitFunction } from './functions.ts'
import type { Variant, WaitFunction } from './functions.ts'

type CheckOfWaits = Omit<Check, 'backends' | 'level' | 'kind' | 'run' | 'steps'> &
  Partial<Pick<Check, 'level' | 'kind'>> & {
    /** The functions that it is for. Each is a check of its own. Default: all. */
    readonly variants?: readonly Variant[]
    /** Default: all that have the variant. */
    readonly backends?: readonly BackendName[]
    readonly run: (machine: Machine, fn: WaitFunction) => void
  }

/**
 * One check of a backend's functions that wait, for each of them: they are made of different code, and a library
 * or an emulator may get one right and another wrong. The first has the id itself, the others add their name.
 */
export function waitChecks(check: CheckOfWaits): Check[] {
  const { id, statement, variants: wanted = variants, backends, run, ...rest } = check
  return wanted.map((variant, index) => ({
    level: 'contract',
    kind: 'thread',
    ...rest,
    id: index === 0 ? id : `${id}.${variant}`,
    statement: index === 0 ? statement : `${statement.slice(0, -1)} (${namesOf(variant)}).`,
    backends: backendsOf(variant).filter((name) => backends?.includes(name) ?? true),
    run: (machine) => run(machine, waitFunction(machine.libc, machine.backend, variant)),
  }))
}
