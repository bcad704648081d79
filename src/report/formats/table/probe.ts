import type { ProbeReport } from '../../../probe/report.ts'
export const probeTable = (_r: ProbeReport): string => ''
