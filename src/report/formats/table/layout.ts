import Table from 'cli-table3'
import type { ProbeReport } from '../../../probe/report.ts'
import { machineWords, printable } from '../../text.ts'

interface Content {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly right: readonly number[]
}

function draw({ head, rows, right }: Content, look: Table.TableConstructorOptions): string {
  const colAligns = head.map((_, column) => (right.includes(column) ? 'right' : 'left'))
  const table = new Table({ ...look, head: [...head], colAligns })
  for (const row of rows) table.push([...row])
  return table.toString()
}

/** A table without the colours that cli-table3 would give it by itself. `right` are the columns of numbers. */
export function layOut(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  return draw({ head, rows, right }, { style: { head: [], border: [], compact: true } })
}

/** No line but the one below the head, and two spaces between columns. */
const openChars = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  mid: '─',
  'mid-mid': '──',
  middle: '  ',
}

/** Like `layOut`, without a frame: a table of many columns is a third narrower. */
export function layOutOpen(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const style = { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 }
  return draw({ head, rows, right }, { style, chars: openChars }).replaceAll(/ +$/gm, '')
}

/** The line that says which machine a report is about. */
export function machineLine(command: string, { platform }: ProbeReport): string {
  return printable(`evloop ${command} · ${machineWords(platform)}`)
}

/** Words joined by commas, in lines that are not longer than `width` unless a single word is. */
export function wrapList(words: readonly string[], width: number): string {
  const lines: string[] = []
  let line = ''
  for (const [index, word] of words.entries()) {
    const item = index === words.length - 1 ? word : `${word},`
    if (line !== '' && line.length + 1 + item.length > width) {
      lines.push(line)
      line = item
    } else {
      line = line === '' ? item : `${line} ${item}`
    }
  }
  return [...lines, line].join('\n')
}
