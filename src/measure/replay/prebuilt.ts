/** The source of the replayer, and the files that the package has compiled of it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { codeOf } from './file-error.ts'
import { hostTag, whyUnfit } from './host.ts'
import type { Host } from './host.ts'

/** What cannot be used where there is no replayer, as errors name it. */
export const REPLAYER = 'replayer'

/** They are compiled as one. */
const SOURCES = ['native/replay.c', 'native/direct.c']

/** The C source of the replayer in a package. Throws `UnsupportedError` where the package lacks it. */
export function readSource(root: string): Buffer {
  return Buffer.concat(
    SOURCES.map((source) => {
      try {
        return readFileSync(join(root, source))
      } catch (error) {
        throw new UnsupportedError(REPLAYER, `${source} of this package cannot be read (${codeOf(error)})`)
      }
    }),
  )
}

/** SHA-256, as hexadecimal digits. */
export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Where the prebuilt file of a source for a host is, or has to be. The name holds the source's hash, so that a
 * file that was made of another source is not found.
 */
export function prebuiltPath(root: string, source: Buffer, host: Host): string {
  return join(root, 'prebuilds', hostTag(host), `replay-${sha256(source).slice(0, 16)}.so`)
}

/**
 * The package's own file for this host, or why it cannot be used. Who may have written it is not asked: it is
 * as trustworthy as the JavaScript beside it, which is already running.
 */
export function findPrebuilt(
  root: string,
  source: Buffer,
  host: Host,
): { readonly path: string } | { readonly reason: string } {
  const path = prebuiltPath(root, source, host)
  const whose = `prebuilt file for ${hostTag(host)}`
  try {
    const unfit = whyUnfit(readFileSync(path))
    return unfit === undefined ? { path } : { reason: `the ${whose} is not used: ${unfit}` }
  } catch (error) {
    const code = codeOf(error)
    return { reason: code === 'ENOENT' ? `there is no ${whose}` : `the ${whose} cannot be read (${code})` }
  }
}
