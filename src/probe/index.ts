import type { ProbeReport } from './report.ts'
export async function probe(_o: unknown): Promise<ProbeReport> {
  return {
    schema: 'evloop/probe@1',
    platform: {
      os: 'Linux',
      arch: process.arch,
      kernel: 'x',
      libc: { name: 'glibc', version: '2.36' },
      node: process.version,
    },
  }
}
