import Table from 'cli-table3'
import type { ProbeReport } from '../../../probe/report.ts'
import { printable } from '../../text.ts'

/** A table without the colours that cli-table3 would give it by itself. */
export function layOut(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  })
  for (const row of rows) table.push([...row])
  return table.toString()
}

/** The line that says which machine a report is about. */
export function machineLine(command: string, { platform }: ProbeReport): string {
  const { os, arch, kernel, libc, node } = platform
  const parts = [
    `evloop ${command}`,
    `${os} ${kernel} ${arch}`,
    `${libc.name} ${libc.version ?? ''}`.trim(),
    `node ${node}`,
  ]
  return parts.map(printable).join(' · ')
}
