import { UnsupportedError } from '../../errors.ts'
import { systemCallBuffers } from '../../libc/buffers.ts'
import type { BufferArgument } from '../../libc/buffers.ts'
import type { FunctionName } from '../../libc/signatures.ts'

/**
 * The buffers of a call, which are those of its function. `syscall` says nothing of what its arguments are: only that of
 * some system calls is known. Throws `UnsupportedError` for any other.
 */
export function buffersOf(
  name: FunctionName,
  args: readonly number[],
  ofFunction: readonly BufferArgument[],
): readonly BufferArgument[] {
  if (name !== 'syscall') return ofFunction
  const known = systemCallBuffers(args[0] ?? -1)
  if (known === undefined)
    throw new UnsupportedError(`recording ${name}`, 'it is not known what it does with memory')
  return known
}
