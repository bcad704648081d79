/** A check of a ring that is a scenario, and may be run on rings of every kind. */
import type { Check } from '../../check.ts'
import type { Step } from '../../steps.ts'

export interface RingScenario
  extends Omit<Check, 'steps' | 'run' | 'backends' | 'kind' | 'level'>, Partial<Pick<Check, 'level'>> {
  readonly steps: readonly Step[]
}
