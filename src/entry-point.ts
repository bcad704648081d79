import { join } from 'node:path'
import { packageRoot } from './package-root.ts'

/**
 * The compiled file of an entry point (a worker's or a child process's), given without extension and relative
 * to the project. Node 20 runs no TypeScript, so also when the sources themselves are running, as they do in
 * the tests, the entry point is taken from `dist`, which the test command has built.
 */
export function entryPoint(path: string, extension: 'js' | 'cjs' = 'js'): string {
  return join(packageRoot(), 'dist', `${path}.${extension}`)
}
