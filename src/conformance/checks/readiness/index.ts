import type { Family } from '../../check.ts'
import { readinessCheck } from './matrix.ts'
import { pipeSpace } from './pipe-space.ts'
import { pipeRows } from './pipe.ts'
import { sourceRows } from './sources.ts'
import { tcpRows } from './tcp.ts'
import { unixStreamRows } from './unix-stream.ts'

/** What every interface reports of a descriptor, state by state. */
export const readiness: readonly Family[] = [
  { name: 'ready.pipe', title: 'readiness of pipes', checks: [...pipeRows.map(readinessCheck), pipeSpace] },
  {
    name: 'ready.unix-stream',
    title: 'readiness of unix stream sockets',
    checks: unixStreamRows.map(readinessCheck),
  },
  { name: 'ready.tcp', title: 'readiness of TCP sockets', checks: tcpRows.map(readinessCheck) },
  {
    name: 'ready.sources',
    title: 'readiness of timers, signals, processes and inotify',
    checks: sourceRows.map(readinessCheck),
  },
]
