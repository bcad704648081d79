import { release as kernelRelease } from 'node:os'
import { UnsupportedError } from '../../errors.ts'
import type { EnvironmentStep } from '../steps/environment.ts'
import type { Operations } from './index.ts'

export const environmentOperations: Operations<EnvironmentStep['op']> = {
  'require-kernel'(_, { release, feature }) {
    const present = kernelRelease()
    if (compareReleases(present, release) >= 0) return
    throw new UnsupportedError(feature, `it is there since Linux ${release}, and this is ${present}`)
  },
}

/** Compares the first two numbers of two releases: what follows them is a distribution's own. */
function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map((part) => Number.parseInt(part, 10))
  const [majorB = 0, minorB = 0] = b.split('.').map((part) => Number.parseInt(part, 10))
  return majorA - majorB || minorA - minorB
}
