import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

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
let directory: string | undefined

afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true })
})

/** Compiles `fixtures/<name>.c` to a shared library and returns its path. */
export function compileLibrary(name: string): string {
  return compile(name, '.so', ['-shared', '-fPIC'])
}

/** Compiles `fixtures/<name>.c` to a program and returns its path. */
export function compileProgram(name: string): string {
  return compile(name, '', [])
}

function compile(name: string, suffix: string, flags: readonly string[]): string {
  const output = `${name.replaceAll('/', '-')}${suffix}`
  const known = compiled.get(output)
  if (known !== undefined) return known
  const source = fileURLToPath(new URL(`../../fixtures/${name}.c`, import.meta.url))
  directory ??= mkdtempSync(join(tmpdir(), 'evloop-test-'))
  const path = join(directory, output)
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', ...flags, '-o', path, source, '-ldl'])
  compiled.set(output, path)
  return path
}
