import type { Observation } from '../observation.ts'
import type { Player } from '../player.ts'
import type { ScenarioStepOf, StepName } from '../schema.ts'
import { descriptorSteps } from './descriptors.ts'
import { epollSteps } from './epoll.ts'
import { pollerSteps } from './pollers.ts'

/** What each step does. */
export type Steps<Ops extends StepName> = {
  readonly [Op in Ops]: (player: Player, step: ScenarioStepOf<Op>) => Observation
}

export const steps: Steps<StepName> = { ...descriptorSteps, ...epollSteps, ...pollerSteps }
