import type { Family } from '../../check.ts'
import { readinessCheck } from './matrix.ts'
import { pipeRows } from './pipe.ts'
import { tcpRows } from './tcp.ts'
import { unixStreamRows } from './unix-stream.ts'

/** What every interface reports of a pipe, state by state. */
export const pipeReadiness: Family = {
  name: 'ready.pipe',
  title: 'readiness of pipes',
  checks: pipeRows.map(readinessCheck),
}

/** What every interface reports of a unix stream socket, state by state. */
export const unixStreamReadiness: Family = {
  name: 'ready.unix-stream',
  title: 'readiness of unix stream sockets',
  checks: unixStreamRows.map(readinessCheck),
}

/** What every interface reports of a TCP socket, state by state. */
export const tcpReadiness: Family = {
  name: 'ready.tcp',
  title: 'readiness of TCP sockets',
  checks: tcpRows.map(readinessCheck),
}
