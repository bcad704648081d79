import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The version of this package, from its own package.json. */
export function version(): string {
  // One directory further up when the compiled file runs: dist/src instead of src.
  const up = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  const manifest = readFileSync(fileURLToPath(new URL(up, import.meta.url)), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
