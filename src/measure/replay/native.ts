import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { loadNativeLibrary } from '../../libc/native-library.ts'
import type { NativeLibrary } from '../../libc/native-library.ts'

/** The functions of `native/replay.c`. */
const table = {
  evloop_host: { args: ['pointer', 'i32', 'i32', 'pointer', 'i32', 'pointer'], result: 'i32' },
  evloop_layout: { args: ['i32'], result: 'i64' },
} as const

/** The replayer, loaded. */
export interface Replayer {
  readonly native: NativeLibrary<keyof typeof table>
  /**
   * The C functions for what is not measured: reading the answers of a child, above all. No `--lib` is in
   * front of them, because a library with a bug must not break what is to find it.
   */
  readonly libc: Libc
}

/** Loads the replayer from a file that `locateReplayer` found. Throws `LibraryError`. */
export function loadReplayer(path: string): Replayer {
  return { native: loadNativeLibrary(path, table), libc: openLibc() }
}
