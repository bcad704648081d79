import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SavedFileError } from '../../errors.ts'
import { benchReport, measuredResult, roundsAround } from '../../testing/reports.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import type { BenchResult } from '../report.ts'
import { loadReport, whyNot } from './load.ts'

const directory = temporaryDirectory()
const result = measuredResult(roundsAround(1000))
const good = benchReport([result])

describe('a saved report', () => {
  it('is read, with or without a byte order mark, through links too', () => {
    const file = join(directory, 'good.json')
    writeFileSync(file, `\uFEFF${JSON.stringify(good, null, 2)}\n`)
    symlinkSync('good.json', join(directory, 'link.json'))
    expect(loadReport(file)).toEqual({ file, report: good })
    expect(loadReport(join(directory, 'link.json')).report).toEqual(good)
  })

  it('may have been interrupted, and may have no results', () => {
    expect(whyNot(benchReport([], { interrupted: true }))).toBeUndefined()
  })

  it('may have backends and fields of newer versions', () => {
    expect(whyNot({ ...good, results: [{ ...result, backend: 'kqueue', extra: 1 }] })).toBeUndefined()
  })
})

const { results: _, ...withoutResults } = good
/** A report in which something of its only result is wrong. */
const withResult = (over: Record<string, unknown>): unknown => ({
  ...good,
  results: [{ ...result, ...over }],
})

describe('a report that cannot be', () => {
  it.each<[what: string, document: unknown, reason: string]>([
    ['an array', [], 'it is not a bench report, but an array of 0'],
    ['null', null, 'it is not a bench report, but null'],
    ['a text', 'x', 'it is not a bench report, but "x"'],
    ['any object', {}, 'it is not a report of evloop: schema is missing'],
    ['of another program', { schema: 'x' }, 'it is not a report of evloop: schema is "x"'],
    ['with a strange schema', { schema: 1 }, 'it is not a report of evloop: schema is 1'],
    [
      'of another kind',
      { schema: 'evloop/verify@1' },
      'it is a report of evloop verify, not of evloop bench',
    ],
    [
      'of another version',
      { ...good, schema: 'evloop/bench@2' },
      'its schema is evloop/bench@2; this version of evloop reads evloop/bench@1',
    ],
    ['nothing but its schema', { schema: 'evloop/bench@1' }, 'tool is missing'],
    ['without results', withoutResults, 'results is missing'],
    ['with no list of results', { ...good, results: {} }, 'results is an object; expected an array'],
    [
      'of a negative duration',
      withResult({ medianNs: -5 }),
      'results[0].medianNs is -5; expected more than 0',
    ],
    ['of NaN', withResult({ p99Ns: null }), 'results[0].p99Ns is null; expected a number'],
    [
      'of 1e308 ns',
      withResult({ maxNs: 1e308 }),
      'results[0].maxNs is 1e+308; expected at most 1000000000000000000',
    ],
    ['of 1e999 ns', withResult({ maxNs: Infinity }), 'results[0].maxNs is Infinity; expected a number'],
    [
      'with rounds of text',
      withResult({ roundNs: ['1'] }),
      'results[0].roundNs[0] is "1"; expected a number',
    ],
    [
      'with a round of 0 ns',
      withResult({ roundNs: [0] }),
      'results[0].roundNs[0] is 0; expected more than 0',
    ],
    ['without rounds', withResult({ roundNs: [], rounds: 0 }), 'results[0].rounds is 0; expected at least 1'],
    ['with half a round', withResult({ rounds: 1.5 }), 'results[0].rounds is 1.5; expected a whole number'],
    [
      'with rounds that were cut',
      withResult({ roundNs: [1000] }),
      'results[0].roundNs has 1 rounds; expected as many as results[0].rounds says, 30',
    ],
    [
      'with another median than its rounds',
      withResult({ medianNs: 900 }),
      'results[0].medianNs is 900; expected the median of its rounds, 1000',
    ],
    [
      'with an interval of one end',
      withResult({ ci95Ns: [1] }),
      'results[0].ci95Ns is an array of 1; expected a length of at least 2',
    ],
    [
      'with an interval of three ends',
      withResult({ ci95Ns: [1, 2, 3] }),
      'results[0].ci95Ns[2] is 3; expected nothing there',
    ],
    [
      'with an interval that is upside down',
      withResult({ ci95Ns: [1001, 999] }),
      'results[0].ci95Ns is 1001 … 999; expected its low end first',
    ],
    [
      'with a percentile below a smaller one',
      withResult({ p90Ns: 1 }),
      'results[0].p90Ns is 1; expected at least results[0].p50Ns, 1000',
    ],
    [
      'with a name without an end',
      withResult({ workload: 'x'.repeat(1000) }),
      `results[0].workload is "${'x'.repeat(39)}…; expected a length of at most 200`,
    ],
    [
      'with a verdict that is none',
      withResult({ ratio: { to: 'poll', value: 1, ci95: [1, 1], p: 1, verdict: 'good' } }),
      'results[0].ratio.verdict is "good"; expected one of "faster", "slower", "same", "inconclusive"',
    ],
    [
      'with a figure twice',
      { ...good, results: [result, result] },
      'results[1] is a second result for what results[0] is of',
    ],
    [
      'of a machine without a kernel',
      {
        ...good,
        environment: { ...good.environment, platform: { ...good.environment.platform, kernel: 6 } },
      },
      'environment.platform.kernel is 6; expected a string',
    ],
    [
      'of a processor that is a number',
      {
        ...good,
        environment: {
          ...good.environment,
          platform: { ...good.environment.platform, cpus: { model: 6, count: 1, usable: 1 } },
        },
      },
      'environment.platform.cpus.model is 6; expected a string or null',
    ],
  ])('is refused if it is %s', (_, document, reason) => {
    expect(whyNot(document)).toBe(reason)
  })

  it('is refused without a crash, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(good)), (value, key) => {
        expect(whyNot(value)).toBeTypeOf('string')
        // One field that may be anything either fits or is named.
        const reason = whyNot({ ...good, [key]: value }) ?? key
        expect(reason).toMatch(key === 'schema' ? /./ : key)
      }),
    )
  })

  it('is refused if any of its result is anything', () => {
    const keys = Object.keys(result) as (keyof BenchResult)[]
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...keys), (value, key) => {
        expect(whyNot(withResult({ [key]: value })) ?? 'results[0].').toContain('results[0].')
      }),
    )
  })
})

describe('a file that is no report', () => {
  const json = JSON.stringify(good)
  const write = (name: string, text: string | Uint8Array): string => {
    const file = join(directory, name)
    writeFileSync(file, text)
    return file
  }

  it.each<[what: string, file: () => string, reason: string]>([
    ['missing', () => join(directory, 'missing'), 'there is no such file'],
    ['below a file', () => join(write('file', json), 'x'), 'there is no such file'],
    ['without a name', () => '', 'there is no such file'],
    ['empty', () => write('empty', ''), 'it is empty'],
    ['blank', () => write('blank', ' \n\t'), 'it is empty'],
    ['cut', () => write('cut', json.slice(0, -1)), 'its end is missing'],
    ['cut in a text', () => write('cut text', '{"schema": "evlo'), 'its end is missing'],
    ['cut in a number', () => write('cut number', '{"a": 1.'), 'its end is missing'],
    ['not JSON', () => write('words', 'hello'), 'it is not JSON: Unexpected token'],
    ['twice', () => write('twice', `${json}\n${json}`), 'it is not JSON: '],
    ['with NaN', () => write('nan', json.replace(/"p50Ns":\d+/, '"p50Ns":NaN')), 'it is not JSON: '],
    ['UTF-16', () => write('utf16', Buffer.from(json, 'utf16le')), 'it is not JSON: '],
    ['binary', () => write('binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff])), 'it is not text (UTF-8)'],
    ['a directory', () => directory, 'it is a directory'],
    ['a device', () => '/dev/zero', 'it is not an ordinary file'],
  ])('is refused if it is %s', (_, make, reason) => {
    const file = make()
    expect(() => loadReport(file)).toThrow(SavedFileError)
    expect(() => loadReport(file)).toThrow(reason)
  })

  it('is refused wherever it was cut', () => {
    for (let end = 0; end < json.length; end += 97) {
      const file = write('prefix', json.slice(0, end))
      expect(() => loadReport(file)).toThrow(end === 0 ? 'it is empty' : 'its end is missing')
    }
  })

  it('is not waited for if it is a pipe that nobody writes to', () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => loadReport(pipe)).toThrow('it is a pipe')
  })

  it('is not read if it is larger than any report', () => {
    const file = write('large', '')
    truncateSync(file, 2 ** 30)
    const before = process.memoryUsage().arrayBuffers
    expect(() => loadReport(file)).toThrow('it is larger than 64 MB, which no report is')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it.skipIf(process.getuid?.() === 0)('is refused if others may read it only', () => {
    const file = write('secret', json)
    chmodSync(file, 0)
    expect(() => loadReport(file)).toThrow('permission to read it is denied')
  })

  it('is refused if links go in circles', () => {
    mkdirSync(join(directory, 'links'))
    symlinkSync('b', join(directory, 'links', 'a'))
    symlinkSync('a', join(directory, 'links', 'b'))
    expect(() => loadReport(join(directory, 'links', 'a'))).toThrow('it cannot be read: ELOOP')
  })
})
