import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './temporary-directory.ts'

/** Whether this machine has a C compiler; tests that need one say so when they are skipped. */
export const hasCompiler = ((): boolean => {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** What this test file has compiled, and where it is. */
const compiled = new Map<string, string>()
const directory = hasCompiler ? temporaryDirectory() : ''

/** Compiles `fixtures/<name>.c` to a shared library, once, and returns its path. */
export function compileLibrary(name: string): string {
  return compile(name, '.so', ['-shared', '-fPIC'])
}

/** Compiles `fixtures/<name>.c` to a program, once, and returns its path. */
export function compileProgram(name: string): string {
  return compile(name, '', [])
}

function compile(name: string, suffix: string, kind: readonly string[]): string {
  const output = `${name.replaceAll('/', '-')}${suffix}`
  const known = compiled.get(output)
  if (known !== undefined) return known
  const source = fileURLToPath(new URL(`../../fixtures/${name}.c`, import.meta.url))
  const path = join(directory, output)
  const flags = [...kind, '-O1', '-Wall', '-Wextra', '-Werror']
  execFileSync('cc', [...flags, '-o', path, source, '-ldl'])
  compiled.set(output, path)
  return path
}
