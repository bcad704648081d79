/** Programs that start another one in poor surroundings. Each is undefined where this machine does not allow it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { entryPoint } from '../entry-point.ts'
import { compileProgram, hasCompiler } from './compile.ts'

/** What comes before the program that is to run. */
export type Launcher = readonly string[]

/** The launcher if a harmless program can be started with it. */
function ifUsable(...launcher: Launcher): Launcher | undefined {
  const [program = '', ...args] = launcher
  const { status } = spawnSync(program, [...args, process.execPath, '-e', ''], { stdio: 'ignore' })
  return status === 0 ? launcher : undefined
}

const isRoot = process.geteuid?.() === 0
const ownMounts = ['unshare', isRoot ? '-m' : '-rm']

/** Runs shell commands, in a mount namespace of its own, before the program. */
function afterMounting(commands: string): Launcher | undefined {
  return ifUsable(...ownMounts, 'sh', '-c', `${commands} && exec "$0" "$@"`)
}

/** An empty directory in place of /proc. */
export const withoutProc = afterMounting('mount -t tmpfs none /proc')

/** Nothing can be written: not where evloop is, and not in this directory, which is to be that for temporary files. */
export function readOnly(directory: string): Launcher | undefined {
  return afterMounting(
    `mount -o remount,bind,ro / && mount -t tmpfs -o ro none '${directory}' && ! touch '${directory}/x' 2>/dev/null`,
  )
}

/** Whether somebody else can read what is to run. */
const isReadable =
  isRoot &&
  spawnSync('setpriv', [...nobody(), 'test', '-r', entryPoint('bin/evloop')], { stdio: 'ignore' }).status ===
    0

function nobody(): Launcher {
  return ['--reuid=65534', '--regid=65534', '--clear-groups']
}

/** A user without any privilege, and no way to get one. */
export const unprivileged = isReadable
  ? ifUsable('setpriv', ...nobody(), '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs')
  : undefined

/** Such a user, who may lock no more memory than older container runtimes allow. */
export const littleLockedMemory =
  unprivileged === undefined ? undefined : ifUsable('prlimit', `--memlock=${64 * 1024}`, ...unprivileged)

export const noNewPrivileges = ifUsable('setpriv', '--no-new-privs')

/** A seccomp filter that answers system calls; see fixtures/launchers/seccomp.c. */
export function seccomp(
  answer: 'EPERM' | 'ENOSYS' | 'kill-process' | 'kill-thread',
  ...calls: readonly string[]
): Launcher {
  return [compileProgram('launchers/seccomp'), answer, calls.join(',')]
}

/** Whether this machine lets programs install seccomp filters. */
export const hasSeccomp =
  hasCompiler &&
  ((): boolean => {
    try {
      const [program = '', ...args] = seccomp('ENOSYS', 'io_uring_setup')
      execFileSync(program, [...args, 'true'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()
