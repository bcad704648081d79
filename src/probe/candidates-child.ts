/** Entry point of the child process that looks which backends a library brings. */
import { candidateBackends } from '../backends/index.ts'
import { openLibcOrSay, receiveOrder, say } from '../child-side.ts'
import type { CandidatesMessage } from './candidates.ts'

const { lib } = receiveOrder<{ readonly lib: string }>()
const libc = openLibcOrSay(lib)
if (libc !== undefined) {
  say<CandidatesMessage>({ kind: 'candidates', names: candidateBackends(libc) })
  libc.fn._exit(0)
}
