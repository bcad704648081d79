/** Steps that ask for something of the machine, and leave a check unsupported where it is not there. */
import type { FunctionName } from '../../libc/signatures.ts'
import type { Argument, StepOf } from '../steps.ts'

export type EnvironmentStep =
  | { op: 'require-kernel'; release: string; feature: string }
  | { op: 'require-own-namespace'; thread: string; namespace: 'uts' | 'mnt' }

/** The check is unsupported on a kernel that says that it is older (`6.10`). */
export const requireKernel = (release: string, feature: string): StepOf<'require-kernel'> => ({
  op: 'require-kernel',
  release,
  feature,
})

/** A call that needs privilege, and must succeed. Where it is denied the check is unsupported. */
export const privileged = (fn: FunctionName, args: readonly Argument[]): StepOf<'call'> => ({
  op: 'call',
  fn,
  args,
  expect: 0,
  mayBeDenied: true,
})

/** The check is unsupported unless the thread has such a namespace for itself: what it changes must stay there. */
export const requireOwnNamespace = (
  thread: string,
  namespace: StepOf<'require-own-namespace'>['namespace'],
): StepOf<'require-own-namespace'> => ({ op: 'require-own-namespace', thread, namespace })
