import { parseThrottling, throttlingPaths } from './parse.ts'
import type { Throttling } from './parse.ts'
import type { OpenProcFile, ProcFile } from './proc-file.ts'

/** How the quotas around this process can be watched. */
export interface ThrottlingFiles {
  /** Of all groups together, since they were made; undefined where none counts it. */
  total(): Throttling | undefined
  close(): void
}

/** Opens cpu.stat of the control groups that this process is in, as far as they count throttling. */
export function openThrottling(open: OpenProcFile): ThrottlingFiles {
  const files = groupFiles(open)
  return {
    total: () => {
      const counts = files.map(countOf).filter((count) => count !== undefined)
      if (counts.length === 0) return undefined
      return counts.reduce((sum, { times, ms }) => ({ times: sum.times + times, ms: sum.ms + ms }))
    },
    close: () => {
      for (const file of files) file.close()
    },
  }
}

function groupFiles(open: OpenProcFile): readonly ProcFile[] {
  const [cgroup, mountinfo] = ['/proc/self/cgroup', '/proc/self/mountinfo'].map((path) => once(open, path))
  for (const paths of throttlingPaths(cgroup ?? '', mountinfo ?? '')) {
    const files = paths.map(open).filter((file) => file !== undefined)
    const counting = files.filter((file) => countOf(file) !== undefined)
    for (const file of files) if (!counting.includes(file)) file.close()
    if (counting.length > 0) return counting
  }
  return []
}

function countOf(file: ProcFile): Throttling | undefined {
  const text = file.text()
  return text === undefined ? undefined : parseThrottling(text)
}

function once(open: OpenProcFile, path: string): string | undefined {
  const file = open(path)
  const text = file?.text()
  file?.close()
  return text
}
