import { bytesAt, openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { loadNativeLibrary } from '../../libc/native-library.ts'
import type { NativeLibrary } from '../../libc/native-library.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { CELLS, loadAddon } from './direct-calls.ts'
import type { DirectCalls } from './direct-calls.ts'

/** The functions of `native/replay.c` and `native/direct.c`. */
const table = {
  evloop_host: {
    args: ['pointer', 'i32', 'i32', 'pointer', 'i32', 'pointer', 'i32', 'pointer', 'pointer', 'i32'],
    result: 'i32',
  },
  evloop_layout: { args: ['i32'], result: 'i64' },
  evloop_direct_cells: { args: [], result: 'pointer' },
} as const

/** The replayer, loaded. */
export interface Replayer {
  readonly native: NativeLibrary<keyof typeof table>
  /**
   * The C functions for what is not measured: reading the answers of a child, above all. No `--lib` is in
   * front of them, because a library with a bug must not break what is to find it.
   */
  readonly libc: Libc
  /** Faster calls; undefined where Node does not load it as an addon. */
  readonly direct: DirectCalls | undefined
}

/** Loads the replayer from a file that `locateReplayer` found. Throws `LibraryError`. */
export function loadReplayer(path: string): Replayer {
  const native = loadNativeLibrary(path, table)
  return { native, libc: openLibc(), direct: directCalls(native, path) }
}

function directCalls(native: Replayer['native'], path: string): DirectCalls | undefined {
  const call = loadAddon(path)
  if (call === undefined) return undefined
  const { buffer, byteOffset } = bytesAt(native.fn.evloop_direct_cells() as Pointer, 8 * CELLS)
  return { cells: new Float64Array(buffer, byteOffset, CELLS), call }
}
