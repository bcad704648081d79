import type { ProbeReport } from './report.ts'
interface ProbeOptions {
  readonly lib?: string | undefined
  readonly backends?: readonly string[]
  onWarning(message: string): void
}
export async function probe(_options: ProbeOptions): Promise<ProbeReport> {
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
