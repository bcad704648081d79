import { openLibc } from '../libc/libc.ts'
import type { ProbeReport } from '../probe/report.ts'
import { version } from '../version.ts'
import type { BenchOptions, Measurement } from './bench.ts'
import { lookAtMachine } from './environment.ts'
import type { BenchReport } from './report.ts'

export interface BenchMachineOptions extends Omit<BenchOptions, 'libc' | 'onPart'> {
  readonly lib: string | undefined
  /** What `probe` says of these backends with this library, where it was asked already. */
  readonly environment?: Promise<ProbeReport>
  /** Called after every workload with the report so far, which says that it is not complete. */
  readonly onPart?: (report: BenchReport) => void
}

/** Measures, and says of which machine the figures are. */
export async function benchMachine(options: BenchMachineOptions): Promise<BenchReport> {
  const { lib, backends, onWarning, onPart } = options
  const libc = openLibc({ lib })
  const probed = options.environment ?? lookAtMachine({ lib, backends, onWarning })
  // Loaded while a process of the probe is already at work.
  const { bench } = await import('./bench.ts')
  const report = async (measurement: Measurement): Promise<BenchReport> => ({
    schema: 'evloop/bench@1',
    tool: { name: 'evloop', version: version() },
    environment: await probed,
    ...measurement,
  })
  return report(
    await bench({
      ...options,
      libc,
      ready: probed,
      judge: async (name) => {
        const subject = (await probed).backends.find((backend) => backend.name === name)
        return subject?.available === true ? undefined : (subject?.reason ?? 'it was not tried')
      },
      onPart: async (part) => onPart?.(await report(part)),
    }),
  )
}
