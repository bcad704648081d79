import { fileURLToPath } from 'node:url'

/** The directory of this package, which holds its package.json. */
export function packageRoot(): string {
  // One directory further up when the compiled file runs: dist/src instead of src.
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url))
}
