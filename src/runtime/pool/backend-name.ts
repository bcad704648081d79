import { backendNames, backends, defaultBackend } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import type { Backend } from '../../backends/backend.ts'
import { UnsupportedError, UsageError } from '../../errors.ts'
import type { Libc } from '../../libc/libc.ts'

/** A backend as threads are told of it: by its name. Default: the best that works here. */
export function nameForThreads(libc: Libc, backend: Backend | undefined = defaultBackend(libc)): BackendName {
  if (backend === undefined) throw new UnsupportedError('Pool', 'no backend works on this machine')
  const name = backendNames.find((known) => backends[known] === backend)
  if (name === undefined) {
    throw new UsageError(`threads know no backend ${backend.name}`, 'they know those of evloop')
  }
  if (backend.world !== undefined) {
    throw new UnsupportedError(`Pool over ${name}`, 'the descriptors that it watches are those of one thread')
  }
  return name
}
