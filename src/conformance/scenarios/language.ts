import type { Backend } from '../../backends/backend.ts'
import { epollSteps } from './schema.ts'
import type { Scenario } from './schema.ts'

/** What scenarios speak: epoll's own calls, which only some backends understand, or those of every backend. */
export type Language = 'epoll' | 'portable'

/** Which of them a scenario speaks. */
export function languageOf({ steps }: Pick<Scenario, 'steps'>): Language {
  return steps.some(({ op }) => epollSteps.includes(op)) ? 'epoll' : 'portable'
}

/** Whether a backend understands the calls of epoll. */
export function speaksEpoll({ name, speaks }: Backend): boolean {
  return name === 'epoll' || speaks === 'epoll'
}
