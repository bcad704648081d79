import { defineConfig } from 'vitest/config'

/** Tests that need the kernel run one file at a time: they time, count descriptors and start processes. */
const system = '{bench,src}/**/*.system.test.ts'

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
          include: [system],
          fileParallelism: false,
          setupFiles: ['src/testing/leak-check.ts'],
        },
      },
      {
        extends: true,
        test: {
          // All that is promised of native functions, once more over the other binding, where it is installed.
          name: 'koffi',
          include: ['src/libc/**/*.test.ts'],
          fileParallelism: false,
          setupFiles: ['src/testing/over-koffi.ts', 'src/testing/leak-check.ts'],
        },
      },
    ],
  },
})
