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
        test: {
          name: 'unit',
          include: ['{bench,scripts,src}/**/*.test.ts'],
          exclude: [system],
          // What takes a second on an idle machine takes ten on one that is not.
          testTimeout: 30_000,
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
