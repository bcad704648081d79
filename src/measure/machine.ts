import { openLibc } from '../libc/libc.ts'
import { probe } from '../probe/index.ts'
import { version } from '../version.ts'
import { bench } from './bench.ts'
import type { BenchOptions } from './bench.ts'
import type { BenchReport } from './report.ts'

export interface BenchMachineOptions extends Omit<BenchOptions, 'libc'> {
  readonly lib: string | undefined
  readonly onWarning: (message: string) => void
}

/** Measures, and says of which machine the figures are. */
export async function benchMachine(options: BenchMachineOptions): Promise<BenchReport> {
  const { lib, backends, onWarning } = options
  const measurement = await bench({ ...options, libc: openLibc({ lib }) })
  const environment = await probe({ lib, backends, onWarning })
  return {
    schema: 'evloop/bench@1',
    tool: { name: 'evloop', version: version() },
    environment,
    ...measurement,
  }
}
