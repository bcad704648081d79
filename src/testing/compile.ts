import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
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

const directory = hasCompiler ? temporaryDirectory() : ''

/** Compiles `fixtures/<name>.c` to a shared library and returns its path. */
export function compileLibrary(name: string): string {
  return compile(name, `${basename(name)}.so`, ['-shared', '-fPIC'])
}

/** Compiles `fixtures/<name>.c` to a program and returns its path. */
export function compileProgram(name: string): string {
  return compile(name, basename(name), [])
}

function compile(name: string, output: string, flags: readonly string[]): string {
  const source = fileURLToPath(new URL(`../../fixtures/${name}.c`, import.meta.url))
  const path = join(directory, output)
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', ...flags, '-o', path, source, '-ldl'])
  return path
}
