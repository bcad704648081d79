/**
 * Text that came from elsewhere (a file's name, a result file) made safe to show: control characters, which a
 * terminal would obey, become visible escapes.
 */
export function printable(text: string): string {
  // Tabs and line feeds are among them: a table cell has one line.
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

const durationUnits = [
  ['ns', 1],
  ['us', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
] as const

/** Nanoseconds in the unit that suits them, with three digits: `869 ns`, `12.3 us`. */
export function formatNs(ns: number): string {
  const magnitude = Math.abs(rounded(ns))
  const unit = durationUnits.findLast(([, size]) => magnitude >= size) ?? durationUnits[0]
  return `${threeDigits(ns / unit[1])} ${unit[0]}`
}

/** Milliseconds in the unit that suits them. */
export function formatMs(ms: number): string {
  return formatNs(ms * 1e6)
}

/** A rate: `1.15 M/s`. */
export function formatRate(perSecond: number): string {
  if (rounded(perSecond) >= 1e6) return `${threeDigits(perSecond / 1e6)} M/s`
  if (rounded(perSecond) >= 1e3) return `${threeDigits(perSecond / 1e3)} k/s`
  return `${threeDigits(perSecond)} /s`
}

/** With three digits: `1.23`, `12.3`, `123`. */
export function threeDigits(value: number): string {
  const magnitude = Math.abs(rounded(value))
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2)
}

/** To three digits, which may carry into a fourth: 9.996 is 10.0, and 999.9 ns are 1.00 us. */
function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** `1 check`, `2 checks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** What tells machines apart: `linux 6.1.0 x64 · glibc 2.36 · node 20.19.0`. */
export function machineWords(platform: {
  readonly os: string
  readonly kernel: string
  readonly arch: string
  readonly libc: { readonly name: string; readonly version: string | null }
  readonly node: string
}): string {
  const { os, arch, kernel, libc, node } = platform
  const libcName = libc.version === null ? libc.name : `${libc.name} ${libc.version}`
  return `${os} ${kernel} ${arch} · ${libcName} · node ${node}`
}

/** Words in lines that are not longer than `width`, unless a single word is. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}
