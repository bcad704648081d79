import type { Facts } from './facts.ts'
import { parseLimit } from './procfs.ts'
import type { LimitsReport } from './report.ts'
import { numberIn } from './sources.ts'
import type { Sources } from './sources.ts'

const DESCRIPTORS = 'Max open files'

/**
 * The limits that event loops run into. `parent` is the process that started this one: Node raises its own
 * soft limit at its start, so only there can be seen what other programs begin with.
 */
export function limitsReport(sources: Sources, facts: Facts, parent: number): LimitsReport {
  const own = facts.descriptorLimit ?? parseLimit(sources.text('/proc/self/limits'), DESCRIPTORS)
  const open = sources.names('/proc/self/fd').length
  const sysctl = (name: string): number | null => numberIn(sources, `/proc/sys/${name}`) ?? null
  return {
    descriptors: {
      soft: own?.soft ?? null,
      hard: own?.hard ?? null,
      inherited: parseLimit(sources.text(`/proc/${parent}/limits`), DESCRIPTORS)?.soft ?? null,
      // One of them was the list itself.
      open: open === 0 ? null : open - 1,
    },
    lockedMemory: facts.lockedMemory ?? null,
    nrOpen: sysctl('fs/nr_open'),
    fileMax: sysctl('fs/file-max'),
    maxUserWatches: sysctl('fs/epoll/max_user_watches'),
    maxUserInstances: sysctl('fs/inotify/max_user_instances'),
    pidMax: sysctl('kernel/pid_max'),
    threadsMax: sysctl('kernel/threads-max'),
  }
}
