import type { JudgedResult, VerifyReport } from '../../conformance/report.ts'
import { verdictOf } from '../../conformance/verdict.ts'
import type { Format } from '../format.ts'
import { printable } from '../text.ts'
import { detailsOf, frequencyOf } from './verify/details.ts'
import { againstLines, expectationLines, outcomeLine } from './verify/summary.ts'

/**
 * JUnit's XML, in what the schemas of Ant (Windy Road) and of Jenkins (xUnit) have in common: a test suite for each
 * family and backend. Neither knows of a test that may fail: an expected failure and a quirk are skipped tests.
 */
function verifyJunit(report: VerifyReport): string {
  const suites = new Map<string, JudgedResult[]>()
  for (const result of report.results) {
    const name = `${result.family} on ${result.backend}`
    suites.set(name, [...(suites.get(name) ?? []), result])
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...[...suites].flatMap(([name, results], index) => suite(name, index, results, report)),
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(name: string, id: number, results: readonly JudgedResult[], report: VerifyReport): string[] {
  const cases = results.map((result) => ({ result, element: elementOf(result, report) }))
  const count = (element: Element): number => cases.filter((one) => one.element === element).length
  const attributes = {
    name,
    // Without fraction and zone, as Ant writes it.
    timestamp: report.startedAt.slice(0, 'YYYY-MM-DDThh:mm:ss'.length),
    hostname: 'localhost',
    package: 'evloop.verify',
    id: String(id),
    tests: String(results.length),
    failures: String(count('failure')),
    errors: String(count('error')),
    skipped: String(count('skipped')),
    time: seconds(results.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  }
  return [
    `  <testsuite${attributesOf(attributes)}>`,
    '    <properties>',
    ...Object.entries(propertiesOf(report)).map(
      ([key, value]) => `      <property${attributesOf({ name: key, value })}/>`,
    ),
    '    </properties>',
    ...cases.flatMap(({ result, element }) => testCase(result, element, report)),
    `    <system-out>${id === 0 ? escapeText(outLines(report).join('\n')) : ''}</system-out>`,
    '    <system-err></system-err>',
    '  </testsuite>',
  ]
}

type Element = 'failure' | 'error' | 'skipped' | undefined

/** What a test case has in it: nothing where it passed; an error where the check could not be set up. */
function elementOf(result: JudgedResult, report: VerifyReport): Element {
  const { kind } = verdictOf(result, report)
  if (kind === 'well') return undefined
  if (kind === 'finding') return result.outcome === 'broken' ? 'error' : 'failure'
  return 'skipped'
}

function testCase(result: JudgedResult, element: Element, report: VerifyReport): string[] {
  const { id, family, backend, durationMs, level } = result
  const start = `    <testcase${attributesOf({ name: id, classname: `${backend}.${family}`, time: seconds(durationMs) })}`
  if (element === undefined) return [`${start}/>`]
  const { words } = verdictOf(result, report)
  const details = detailsOf(result).map(([label, text]) =>
    label === 'statement' ? text : `${label}: ${text}`,
  )
  const attributes = {
    message: `${words}${frequencyOf(result)}: ${messageOf(result)}`,
    ...(element === 'skipped' ? {} : { type: level }),
  }
  const text = details.map((line) => printable(line)).join('\n')
  return [
    `${start}>`,
    `      <${element}${attributesOf(attributes)}>${escapeText(text)}</${element}>`,
    '    </testcase>',
  ]
}

/** What is to be known in one line. */
function messageOf(result: JudgedResult): string {
  const { expected, actual, message, id, expectedBy, unexpected } = result
  const reason = (expectedBy ?? unexpected)?.reason
  if (reason !== undefined) return reason
  if (expected !== undefined && actual !== undefined) return `expected ${expected}, got ${actual}`
  return message?.split('\n')[0] ?? id
}

function propertiesOf({ environment, tool }: VerifyReport): Readonly<Record<string, string>> {
  const { os, arch, kernel, libc, node } = environment.platform
  return {
    evloop: tool.version,
    os,
    kernel,
    arch,
    libc: libc.version === null ? libc.name : `${libc.name} ${libc.version}`,
    node,
  }
}

/** Of the whole run, and so in its first suite only. */
function outLines(report: VerifyReport): string[] {
  return [...againstLines(report), ...expectationLines(report), outcomeLine(report)].map(printable)
}

/** To the microsecond. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}

function attributesOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeText(printable(value))}"`)
    .join('')
}

/** What XML 1.0 cannot have at all, not even escaped: surrogates without their other half, and two others. */
const impossible = /[\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/** Control characters are made visible before: of those, only line feeds may be in a text. */
function escapeText(text: string): string {
  return text
    .replaceAll(impossible, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export const junit: Pick<Format, 'verify'> = { verify: verifyJunit }
