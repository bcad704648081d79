import { errnoName } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import type { ArgumentsOf, FunctionName, ResultOf } from '../libc/signatures.ts'

/** Makes a call and says what it gave as scenarios write it: its result, or the errno of a failure. */
export function resultOf<N extends FunctionName>(
  libc: Libc,
  name: N,
  ...args: ArgumentsOf<N>
): number | string {
  const result = (libc.fn[name] as (...a: ArgumentsOf<N>) => ResultOf<N>)(...args)
  return result === -1 ? errnoName(libc.errno()) : result
}
