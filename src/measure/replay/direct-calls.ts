/** Calls of C functions without the binding, for what is recorded. */
import { functionAddress } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { nativeArguments } from '../../libc/native-library.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName, Signature } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'

/** Where `native/direct.c` expects what. */
const CELL = { FUNCTION: 0, NARROW: 1, RESULT: 2, ARGUMENTS: 3 } as const
/** As many as `syscall` has; one more than that a function has does no harm. */
const ARGUMENTS = 7
export const CELLS = CELL.ARGUMENTS + ARGUMENTS

/** `native/direct.c`, loaded: the cells that a call is put into, and what makes it. */
export interface DirectCalls {
  readonly cells: Float64Array
  readonly call: () => void
}

/** Loads a library as an addon; undefined where this Node loads none. The library is known to be loadable. */
export function loadAddon(path: string): (() => void) | undefined {
  const module: { exports: unknown } = { exports: {} }
  try {
    process.dlopen(module, path)
  } catch {
    return undefined
  }
  const { exports } = module
  return typeof exports === 'function' ? (exports as () => void) : undefined
}

/**
 * The same functions, called in a small part of the time that the binding takes; those that take text, or arguments
 * in places of their own, as before. Results and errno are the same.
 */
export function directly(libc: Libc, direct: DirectCalls | undefined): Libc {
  if (direct === undefined) return libc
  return wrapLibc(libc, (name, native) => (isPlain(name) ? directCall(libc, name, direct) : native))
}

function isPlain(name: FunctionName): boolean {
  const { args }: Signature = signatures[name]
  const zeros = args.map(() => 0)
  return (
    args.length <= ARGUMENTS &&
    !args.includes('string') &&
    nativeArguments(name, zeros).length === zeros.length
  )
}

function directCall(libc: Libc, name: FunctionName, { cells, call }: DirectCalls): NativeCall {
  const { result, args }: Signature = signatures[name]
  const narrow = Number(result === 'i32')
  const native = libc.fn[name] as unknown as NativeCall
  let address: number | undefined
  const count = args.length
  // Not a list of arguments: it would be garbage a hundred thousand times.
  return (a, b, c, d, e, f, g) => {
    address ??= functionAddress(libc, name)
    // A function that is not there says so by an error.
    if (address === 0) return native(...[a, b, c, d, e, f, g].slice(0, count).map(Number))
    cells[CELL.FUNCTION] = address
    cells[CELL.NARROW] = narrow
    if (count > 0) cells[CELL.ARGUMENTS] = a as number
    if (count > 1) cells[CELL.ARGUMENTS + 1] = b as number
    if (count > 2) cells[CELL.ARGUMENTS + 2] = c as number
    if (count > 3) cells[CELL.ARGUMENTS + 3] = d as number
    if (count > 4) cells[CELL.ARGUMENTS + 4] = e as number
    if (count > 5) cells[CELL.ARGUMENTS + 5] = f as number
    if (count > 6) cells[CELL.ARGUMENTS + 6] = g as number
    call()
    return cells[CELL.RESULT] ?? 0
  }
}
