import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from './commands/index.ts'
import { runEvloop, runShell } from './testing/run-evloop.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { version } from './version.ts'

const directory = temporaryDirectory()
mkdirSync(join(directory, 'folder'))

/** What cannot be. `DIR` stands for a directory that has nothing in it but `folder`. */
const badInputs: readonly (readonly string[])[] = [
  ['--nope'],
  ['verify', '--nope'],
  ['verify', '--ouptut', 'x'],
  ['nope'],
  ['verifi'],
  ['verify', 'extra'],
  ['verify', '--backend', 'iocp'],
  ['verify', '--backend', 'epol'],
  ['verify', '--backend', ''],
  ['verify', '--backend', 'epoll,,poll'],
  ['verify', '--backend'],
  ['bench', '--fds', '0'],
  ['bench', '--fds', '-1'],
  ['bench', '--fds', 'abc'],
  ['bench', '--fds', '1.5'],
  ['bench', '--fds', '1e3'],
  ['bench', '--fds', ''],
  ['bench', '--fds', '999999999'],
  ['bench', '--active', '0'],
  ['bench', '--duration', '0'],
  ['bench', '--duration', 'Infinity'],
  ['bench', '--seed', '-1'],
  ['bench', '--workload', 'weak'],
  ['bench', '--fail-on', '5%'],
  ['bench', '--across-machines'],
  ['bench', '--baseline', 'DIR/missing.json'],
  ['compare'],
  ['compare', 'DIR/missing.json'],
  ['compare', 'DIR/missing.json', 'DIR/missing.json'],
  ['compare', 'DIR/folder', 'DIR/folder'],
  ['compare', 'a', 'b', '--fail-on', '5'],
  ['compare', 'a', 'b', '--fail-on', '0.5%'],
  ['compare', 'a', 'b', '--lib', 'x.so'],
  ['run'],
  ['run', 'DIR/missing.json'],
  ['run', 'DIR/folder'],
  ['run', 'DIR/missing.json', '--timeout', '0'],
  ['run', 'DIR/missing.json', '--format', 'junit'],
  ['run', 'DIR/missing.json', '--backend', 'epol'],
  ['verify', '--only', 'epoll.et.onec'],
  ['verify', '--only', 'epol.et.*'],
  ['verify', '--only', 'qqqqqq'],
  ['verify', '--only', 'poller.errors,'],
  ['verify', '--only', 'epoll.lt', '--backend', 'poll,select'],
  ['verify', '--level', 'defacto'],
  ['verify', '--kind', 'races'],
  ['verify', '--only', 'epoll.lt.basic-in', '--kind', 'race'],
  ['verify', '--repeat', '0'],
  ['verify', '--jobs', '0'],
  ['explain'],
  ['explain', 'epoll.et.onec'],
  ['explain', 'poller', '--lib', 'x.so'],
  ['verify', '--seed', 'x'],
  ['verify', '--timeout', '0'],
  ['verify', '--timeout', '-1'],
  ['verify', '--format', 'xml'],
  ['verify', '--format', ''],
  ['verify', '--ffi', 'kofi'],
  ['verify', '--ffi', ''],
  ['compare', 'a', 'b', '--ffi', 'koffi'],
  ['verify', '--lib', 'DIR/missing.so'],
  ['verify', '--lib', 'DIR/folder'],
  ['bench', '--lib', 'DIR/folder'],
  ['verify', '--output', ''],
  ['verify', '--output', 'DIR/folder'],
  ['verify', '--output', 'DIR/missing/result.json'],
  ['verify', '--output', 'DIR/folder/'],
  ['verify\u001B[31m'],
  ['--\u001B]0;title\u0007'],
  ['verify', '--backend', 'a\u009Bb\nc'],
  ['verify', '--lib', 'DIR/\u001B[31m.so'],
]

describe('input that cannot be', () => {
  const told = new Map<string, string>()

  it.each(badInputs.map((args) => ({ args, line: commandLine(args) })))(
    'is told of in one line, exits 2 and writes nothing to stdout: $line',
    async ({ args, line }) => {
      const run = await runEvloop(args.map((arg) => arg.replace('DIR', directory)))
      expect({ ...run, stderr: '' }).toEqual({ exitCode: 2, signal: null, stdout: '', stderr: '' })
      // One line, with nothing in it that a terminal would obey.
      expect(run.stderr).toMatch(/^evloop: \P{Cc}+\n$/u)
      told.set(line, run.stderr.replaceAll(directory, 'DIR'))
    },
  )

  it('is told of in words that read well', async () => {
    const blocks = [...told].map(([line, stderr]) => `\`\`\`console\n$ ${line}\n${stderr}\`\`\`\n`)
    const text = `# What evloop says to input that cannot be\n\n${blocks.join('\n')}`
    // How many descriptors there may be is a matter of the machine.
    const sameEverywhere = text
      .replace(/may have \d+ descriptors/, 'may have 20000 descriptors')
      .replace(/room for --fds \d+/, 'room for --fds 19962')
    await expect(sameEverywhere).toMatchFileSnapshot('../fixtures/cli/errors.md')
  })

  it('leaves nothing behind', () => {
    expect(readdirSync(directory)).toEqual(['folder'])
    expect(readdirSync(join(directory, 'folder'))).toEqual([])
  })
})

describe('evloop', () => {
  it('without a command shows its help on stderr and exits 2', async () => {
    const run = await runEvloop([])
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(run.stderr).toContain('Usage: evloop')
  })

  it('shows help for itself and for every command on stdout', async () => {
    const whole = await runEvloop(['--help'])
    expect(whole).toMatchObject({ exitCode: 0, stderr: '' })
    for (const { name } of commands) {
      expect(whole.stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
      const run = await runEvloop([name, '--help'])
      expect(run).toMatchObject({ exitCode: 0, stderr: '' })
      expect(run.stdout).toContain(`Usage: evloop ${name} [options]`)
    }
  })

  it.each(['--version', '-V'])('says its version: %s', async (flag) => {
    expect(await runEvloop([flag])).toEqual({
      exitCode: 0,
      signal: null,
      stdout: `${version()}\n`,
      stderr: '',
    })
  })

  it('starts quickly: saying the version takes little longer than Node itself', async () => {
    const ours: number[] = []
    const node: number[] = []
    // In turn, and the best of each counts: other work on the machine slows both, and is not what is measured.
    for (let i = 0; i < 7; i++) {
      ours.push(await timed(() => runEvloop(['--version'])))
      node.push(await timed(() => runShell(`${process.execPath} -e 0`)))
    }
    expect(Math.min(...ours) - Math.min(...node)).toBeLessThan(150)
  })

  it('loads nothing but the argument parser to say its version', async () => {
    expect(await packagesLoadedBy(['--version'])).toEqual(['commander'])
    expect(await packagesLoadedBy(['verify', '--help'])).toEqual(['commander'])
  })

  it('loads what it needs to work when it works', async () => {
    const measuring = await packagesLoadedBy(['bench', '-w', 'wake', '-b', 'poll', '-d', '0.1'])
    expect(measuring).toEqual(expect.arrayContaining(['chalk', 'cli-table3', 'ffi-rs', 'tinybench']))
    expect(await packagesLoadedBy(['probe', '-f', 'json'])).not.toContain('cli-table3')
  })
})

describe('a stream that goes away', () => {
  it('may be stdout after the first line', async () => {
    const line = '{ $EVLOOP verify -b poll -f json; echo "exit $?" >&2; } | head -1'
    expect(await runShell(line)).toEqual({ exitCode: 0, signal: null, stdout: '{\n', stderr: 'exit 0\n' })
  })

  it.each(['verify -b poll', 'verify -b poll -f json', '--help', '--version'])(
    'may be stdout before anything is written: %s',
    async (args) => {
      const run = await runEvloop(args.split(' '), { onStart: (child) => child.stdout?.destroy() })
      expect(run).toEqual({ exitCode: 0, signal: null, stdout: '', stderr: '' })
    },
  )

  it('may be stdout or stderr that were never there', async () => {
    expect(await runShell('$EVLOOP --version >&-')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await runShell('$EVLOOP --nope 2>&-')).toMatchObject({ exitCode: 2, stderr: '' })
    expect(await runShell('$EVLOOP --version <&-')).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('may be stderr while there is something to tell', async () => {
    const run = await runEvloop(['--nope'], { onStart: (child) => child.stderr?.destroy() })
    expect(run).toMatchObject({ exitCode: 2, stderr: '' })
  })

  it.each(['--version', 'verify -b poll'])(
    'may be a full disk: that is told in a line, and exits 3: %s',
    async (args) => {
      const run = await runShell(`$EVLOOP ${args} > /dev/full`)
      expect(run.exitCode).toBe(3)
      expect(run.stderr).toMatch(/^evloop: stdout cannot be written: ENOSPC[^\n]*\n$/)
    },
  )
})

describe('an error that is a bug of ours', () => {
  it('keeps its stack, exits 3, and has nothing in it that a terminal would obey', async () => {
    const hook = join(directory, 'hook.mjs')
    writeFileSync(hook, "Array.prototype.toSorted = () => { throw new Error('a \\u001B[31mbug') }\n")
    const run = await runEvloop(['verify', '--backend', 'epol'], {
      env: { NODE_OPTIONS: `--import ${hook}` },
    })
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(run.stderr).toMatch(
      /^evloop: this is a bug in evloop, please report it\nError: a \\x1b\[31mbug\n +at /,
    )
  })
})

function commandLine(args: readonly string[]): string {
  const shown = args.map((arg) => {
    if (/\p{Cc}/u.test(arg)) return `$'${arg.replaceAll(/\p{Cc}/gu, escape)}'`
    return /^[\w./,:=+-]+$/.test(arg) ? arg : `'${arg}'`
  })
  return ['evloop', ...shown].join(' ')
}

function escape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}

/** The packages that a run loads: coverage names every script that V8 has seen. */
async function packagesLoadedBy(args: readonly string[]): Promise<string[]> {
  const coverage = join(directory, `coverage of ${args.join(' ')}`)
  await runEvloop(args, { env: { NODE_V8_COVERAGE: coverage } })
  const urls = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string }[] }
    return result.map(({ url }) => url)
  })
  const packages = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1])
  return [...new Set(packages.filter((name) => name !== undefined))].toSorted()
}
