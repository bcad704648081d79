import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputError, UsageError } from '../errors.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'
import { assertWritable, writeOutput } from './output.ts'

const root = temporaryDirectory()
let directory: string
let count = 0
beforeEach(() => {
  directory = join(root, String(count++))
  mkdirSync(directory)
})

describe('writing a result', () => {
  it('goes to stdout if no file is asked for', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    writeOutput(undefined, 'text\n')
    expect(write.mock.calls).toEqual([['text\n']])
    write.mockRestore()
  })

  it('makes a file, and nothing else', () => {
    writeOutput(join(directory, 'result'), 'text\n')
    expect(readdirSync(directory)).toEqual(['result'])
    expect(readFileSync(join(directory, 'result'), 'utf8')).toBe('text\n')
  })

  it('replaces a file as a whole: whoever has it open keeps the old one', () => {
    const file = join(directory, 'result')
    writeFileSync(file, 'old')
    const { ino } = statSync(file)
    writeOutput(file, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).ino).not.toBe(ino)
  })

  it('writes where a link leads to, and leaves the link', () => {
    const [file, link] = [join(directory, 'result'), join(directory, 'link')]
    writeFileSync(file, 'old')
    symlinkSync('result', link)
    writeOutput(link, 'new')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(readdirSync(directory).toSorted()).toEqual(['link', 'result'])
  })

  it('hands a device what it is given, and does not put a file in its place', () => {
    writeOutput('/dev/null', 'text')
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  it('fills a named pipe', () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = execFileSync('sh', ['-c', `cat ${pipe} & node -e '${writing(pipe)}'; wait`])
    expect(String(reader)).toBe('text')
    expect(statSync(pipe).isFIFO()).toBe(true)
  })

  it('waits for a slow reader, however much there is to write', () => {
    const megabyte = writing(undefined, '"x".repeat(2 ** 20)')
    const read = execFileSync('sh', ['-c', `node -e '${megabyte}' | { sleep 0.3; wc -c; }`])
    expect(Number(String(read))).toBe(2 ** 20)
  })

  it('leaves the old file and nothing else where it fails', () => {
    const file = join(directory, 'result')
    mkdirSync(file)
    writeFileSync(join(file, 'inside'), '')
    expect(() => writeOutput(file, 'new')).toThrow(OutputError)
    expect(readdirSync(directory)).toEqual(['result'])
    expect(existsSync(join(file, 'inside'))).toBe(true)
  })

  it('tells of a full device', () => {
    expect(() => writeOutput('/dev/full', 'text')).toThrow(/^--output \/dev\/full cannot be written: ENOSPC/)
  })

  it('tells of a directory that has gone since', () => {
    expect(() => writeOutput(join(directory, 'gone', 'result'), 'text')).toThrow(OutputError)
  })
})

describe('a file for the result', () => {
  it('is fine if it can be made, replaced, or is a device', () => {
    writeFileSync(join(directory, 'old'), '')
    symlinkSync('old', join(directory, 'link'))
    for (const file of [
      join(directory, 'new'),
      join(directory, 'old'),
      join(directory, 'link'),
      '/dev/null',
    ]) {
      expect(() => assertWritable(file)).not.toThrow()
    }
    expect(readdirSync(directory).toSorted()).toEqual(['link', 'old'])
  })

  it.each([
    ['has no name', '', 'it has no name'],
    ['is in a directory that does not exist', 'missing/result', 'ENOENT'],
    ['is a directory', '.', 'it is a directory'],
    ['ends in a slash', 'result/', 'it is a directory'],
    ['is below something that is no directory', 'file/result', 'ENOTDIR'],
  ])('is refused before anything is measured if it %s', (_, name, reason) => {
    writeFileSync(join(directory, 'file'), '')
    const file = name === '' ? '' : `${directory}/${name}`
    expect(() => assertWritable(file)).toThrow(UsageError)
    expect(() => assertWritable(file)).toThrow(reason)
  })
})

/** A program that writes by the code under test, in a process of its own. */
function writing(file: string | undefined, text = '"text"'): string {
  const module = new URL('../../dist/src/commands/output.js', import.meta.url).href
  return `import(${JSON.stringify(module)}).then((m) => m.writeOutput(${JSON.stringify(file)}, ${text}))`
}
