import type { Cause, Finding, ProbeReport } from '../report.ts'

/** What a rule looks at. */
export type Evidence = Omit<ProbeReport, 'findings'>

/** Looks at a report and finds something, or nothing. */
export type Rule = (report: Evidence) => readonly Finding[]

/** What can be done about a feature that somebody withholds. */
const remedies: Readonly<Record<Cause, string>> = {
  kernel: 'use a newer kernel, or one that is built with it',
  libc: 'use a newer C library',
  sysctl: 'ask the administrator to change the sysctl',
  seccomp: 'run with a seccomp profile that allows it, for example one of a newer container runtime',
  emulator: 'run on the machine itself, or in a virtual machine',
  privilege: 'run with the capability that it needs, or with a policy that allows it',
  limit: 'raise the limit: ulimit, or --ulimit of a container runtime',
  library: 'run without the library, or ask its authors for it',
}

/** What to do about a cause. */
export function remedy(cause: Cause | undefined): string {
  return cause === undefined ? 'find out who refuses it' : remedies[cause]
}
