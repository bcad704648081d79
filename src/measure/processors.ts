import { readFileSync } from 'node:fs'
import { UsageError } from '../errors.ts'

/** Throws `UsageError` where this process may not run on one of these processors, and says where it may. */
export function assertProcessors(cpus: readonly number[]): void {
  const allowed = allowedProcessors()
  if (allowed === undefined) return
  const wrong = cpus.find((cpu) => !allowed.includes(cpu))
  if (wrong === undefined) return
  throw new UsageError(
    `--cpu ${wrong}: this process may not run on that processor`,
    `it may run on ${allowed.join(', ')}`,
  )
}

/** The processors that this process may run on (proc(5), Cpus_allowed_list); undefined where nobody tells. */
function allowedProcessors(): number[] | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1]
    return list === undefined ? undefined : parseProcessorList(list)
  } catch {
    return undefined
  }
}

/** The kernel's notation: `0-3,8`. */
export function parseProcessorList(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
