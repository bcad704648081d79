import { defineConfig } from 'vitest/config'

/** Tests that need the kernel run one file at a time: they time, count descriptors and start processes. */
const system = '{bench,src}/**/*.system.test.ts'

/**
 * Nearly all of them are about what only Linux has, and are left out elsewhere. These are about any Unix. Tests that
 * need no kernel run everywhere.
 */
const systemOfAnyUnix = ['src/child-process.system.test.ts', 'src/libc/ffi.system.test.ts']
const isLinux = process.platform === 'linux'
if (!isLinux) process.stderr.write('skipped: all system tests that are about what only Linux has\n')

export default defineConfig({
  test: {
    pool: 'forks',
    // A busy machine makes a second into many; what hangs is found all the same.
    testTimeout: 60_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts', 'src/testing/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{bench,scripts,src}/**/*.test.ts'],
          exclude: [system],
          // Random texts take seconds to make on a machine that is busy.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: isLinux ? [system] : systemOfAnyUnix,
          fileParallelism: false,
          setupFiles: ['src/testing/leak-check.ts'],
        },
      },
      {
        extends: true,
        test: {
          // All that is promised of native functions, once more over the other binding, where it is installed.
          name: 'koffi',
          include: isLinux
            ? ['src/libc/**/*.test.ts']
            : ['src/libc/types.test.ts', 'src/libc/ffi.system.test.ts'],
          fileParallelism: false,
          setupFiles: ['src/testing/over-koffi.ts', 'src/testing/leak-check.ts'],
        },
      },
    ],
  },
})
