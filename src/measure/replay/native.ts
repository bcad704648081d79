import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { loadNativeLibrary } from '../../libc/native-library.ts'
import type { NativeLibrary } from '../../libc/native-library.ts'

/** The functions of `native/replay.c`. */
const table = {
  evloop_host: { args: ['pointer', 'i32', 'i32', 'pointer', 'i32', 'pointer'], result: 'i32' },
  evloop_clock: { args: ['pointer', 'pointer'], result: 'i32' },
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
  const libc = openLibc()
  return { native: loadNativeLibrary(libc, path, table), libc }
}

/** What reading the clock costs, and its smallest step, in nanoseconds: measured anew on every call. */
export function measureClock({ native }: Replayer): { readonly costNs: number; readonly stepNs: number } {
  const out = new Memory(16)
  native.fn.evloop_clock(out.at(0), out.at(8))
  return {
    costNs: Number(out.view.getBigInt64(0, true)) / 1000,
    stepNs: Number(out.view.getBigInt64(8, true)),
  }
}
