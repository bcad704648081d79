/** Which backends are here at all, for whoever names none. */
import { candidateBackends, usualBackendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { followChild, START_MS } from '../child-process.ts'
import { LibraryError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'

/** What the child says: its only message. */
export interface CandidatesMessage {
  readonly kind: 'candidates'
  readonly names: readonly BackendName[]
}

/**
 * The backends whose interface is here, best first. A library is loaded in a child process, for that may end it. Where
 * this cannot be found out, it is every backend: whoever uses them says what is wrong.
 */
export async function findCandidates(lib: string | undefined): Promise<readonly BackendName[]> {
  if (lib === undefined) return findHere(lib)
  let found: readonly BackendName[] | undefined
  const end = await followChild<CandidatesMessage>({
    program: 'src/probe/candidates-child',
    order: { lib },
    silenceMs: START_MS,
    onMessage: ({ names }) => (found = names),
  })
  if (found !== undefined) return found
  return end.started ? usualBackendNames : findHere(lib)
}

function findHere(lib: string | undefined): readonly BackendName[] {
  try {
    return candidateBackends(openLibc({ lib }))
  } catch (error) {
    if (error instanceof LibraryError) return usualBackendNames
    throw error
  }
}
