import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { formatNamesOf, formats } from '../report/formats/index.ts'

/** Options that every command knows, as commander hands them over. */
export interface CommonOptions {
  /** Names, checked against the backends when the command runs. */
  readonly backend?: readonly string[]
  readonly format: string
  readonly output?: string
  readonly lib?: string
  /** A name, checked against the bindings when the command runs. */
  readonly ffi?: string
  /** Undefined: decided by the terminal and NO_COLOR. */
  readonly color?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-b, --backend <list>', 'only these backends, separated by commas').argParser(parseList),
    )
    .addOption(
      new Option(
        '-f, --format <name>',
        formatNamesOf(command.name())
          .map((name) => `${name} (${formats[name].use})`)
          .join(', '),
      ).default('table'),
    )
    .option('-o, --output <file>', 'write the result to a file instead of stdout, whole or not at all')
    .option('--lib <path>', 'a library whose functions come before those of libc')
    .option(
      '--ffi <name>',
      'what native functions are called by: ffi-rs, or koffi if it is installed (default: the first that works)',
    )
    .addOption(new Option('--color', 'colours, also when stdout is no terminal'))
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR in the environment)').default(undefined))
    .option('-q, --quiet', 'no progress and no warnings on stderr')
    .option('-v, --verbose', 'also what is well, in full')
}

/** `a,b` as two names. Throws where there is none. */
export function parseList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes(''))
    throw new InvalidArgumentError('It takes names separated by commas, like epoll,poll.')
  return [...new Set(names)]
}

/** A whole number of at least `least`, and of at most `most` where that is given, or an error that says so. */
export function parseWhole(least: number, most?: number): (text: string) => number {
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
  return (text) => {
    const value = Number(text)
    const isWhole = /^[+-]?\d+$/.test(text) && Number.isSafeInteger(value)
    if (!isWhole || value < least || value > (most ?? value)) {
      throw new InvalidArgumentError(`It takes a whole number ${range}.`)
    }
    return value
  }
}

/** Whole numbers of at least `least`, separated by commas, each once, in ascending order. */
export function parseWholeList(least: number): (text: string) => number[] {
  const parse = parseWhole(least)
  return (text) => {
    const parts = text.split(',').map((part) => part.trim())
    if (parts.includes(''))
      throw new InvalidArgumentError('It takes numbers separated by commas, like 10,1000.')
    return [...new Set(parts.map(parse))].toSorted((a, b) => a - b)
  }
}

/** The smallest limit: no smaller difference is ever called one (`LOCAL_THRESHOLD`). */
const SMALLEST_LIMIT_PERCENT = 1

/** `5%` or `5 %` as 0.05. The sign is asked for, because 5 and 0.05 could mean either. */
export function parseLimit(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?) ?%$/.exec(text) ?? []
  const percent = Number(number)
  if (number === undefined || !Number.isFinite(percent)) {
    throw new InvalidArgumentError('It takes a percentage with its sign, like 5%.')
  }
  if (percent < SMALLEST_LIMIT_PERCENT) {
    throw new InvalidArgumentError('It takes at least 1%: a smaller difference is never called one.')
  }
  return percent / 100
}

/** A number above zero, with or without a fraction. */
export function parsePositive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It takes a number above 0.')
  }
  return value
}
