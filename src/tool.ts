import { readFileSync } from 'node:fs'

interface PackageFile {
  readonly name: string
  readonly version: string
}

/** The package file lies one folder above the sources, and two above what they compile to. */
const packageFile = new URL(
  import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json',
  import.meta.url,
)

/** What made a report: the name and version of this package. */
export const tool: PackageFile = readTool()

function readTool(): PackageFile {
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8')) as PackageFile
  return { name, version }
}
