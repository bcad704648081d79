/** Which of the two languages a scenario speaks, and who understands it. */
import type { Backend } from '../../backends/backend.ts'
import { backends } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import type { Scenario, StepName } from './schema.ts'

/** Epoll's own language, which only some backends understand, or that of every backend. */
export type Language = 'epoll' | 'portable'

/** What only the backends that speak epoll can be told, and what every backend can. */
export const epollSteps: readonly StepName[] = ['epoll', 'epoll_ctl', 'epoll_wait']
export const portableSteps: readonly StepName[] = ['poller', 'add', 'modify', 'remove', 'wake', 'wait']

/** Which language a scenario speaks. */
export function languageOf({ steps }: Pick<Scenario, 'steps'>): Language {
  return steps.some(({ op }) => epollSteps.includes(op)) ? 'epoll' : 'portable'
}

/** Whether a backend understands a language. */
export function speaks(name: BackendName, language: Language): boolean {
  return language === 'portable' || speaksEpoll(backends[name])
}

/** Whether a backend understands the calls of epoll. */
export function speaksEpoll({ name, speaks: native }: Backend): boolean {
  return name === 'epoll' || native === 'epoll'
}

/** The language in which most can be asked of a backend. */
export function fullestLanguage(name: BackendName): Language {
  return speaks(name, 'epoll') ? 'epoll' : 'portable'
}
