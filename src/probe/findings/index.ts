/** What a user should know about the machine. */
import type { Finding } from '../report.ts'
import {
  brokenFeatures,
  coarseTimeouts,
  killingFilter,
  replacedFunctions,
  unusableBackends,
  unusableBinding,
  withheldInterfaces,
} from './interfaces.ts'
import { descriptorLimits, watchLimit } from './limits.ts'
import { clockSource, emulation, kernelBugs, noProc, timerSlack } from './machine.ts'
import type { Evidence, Rule } from './rule.ts'

const rules: readonly Rule[] = [
  unusableBinding,
  unusableBackends,
  brokenFeatures,
  killingFilter,
  emulation,
  replacedFunctions,
  noProc,
  descriptorLimits,
  watchLimit,
  clockSource,
  timerSlack,
  coarseTimeouts,
  withheldInterfaces,
  kernelBugs,
]

/** All findings, the worst first. */
export function findingsOf(report: Evidence): Finding[] {
  const order: readonly Finding['severity'][] = ['error', 'warning', 'advice']
  const found = rules.flatMap((rule) => rule(report))
  return order.flatMap((severity) => found.filter((finding) => finding.severity === severity))
}
