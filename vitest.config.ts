import { defineConfig } from 'vitest/config'

/** Tests that need the kernel run one file at a time: they time, count descriptors and start processes. */
const system = '{bench,src}/**/*.system.test.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts', 'src/testing/**'] },
    projects: [
      {
        extends: true,
        // Nothing in them waits; on a machine that is busy with something else they take long all the same.
        test: {
          name: 'unit',
          testTimeout: 60_000,
          include: ['{bench,scripts,src}/**/*.test.ts'],
          exclude: [system],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: [system],
          fileParallelism: false,
          testTimeout: 60_000,
          setupFiles: ['src/testing/leak-check.ts'],
        },
      },
    ],
  },
})
