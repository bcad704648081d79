/** Steps that ask for something of the machine, and leave a check unsupported where it is not there. */
import type { StepOf } from '../steps.ts'

export type EnvironmentStep = { op: 'require-kernel'; release: string; feature: string }

/** The check is unsupported on a kernel that says that it is older (`6.10`). */
export const requireKernel = (release: string, feature: string): StepOf<'require-kernel'> => ({
  op: 'require-kernel',
  release,
  feature,
})
