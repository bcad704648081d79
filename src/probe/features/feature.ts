import type { Capability } from '../capabilities.ts'
import { UnsupportedError } from '../../errors.ts'
import { sameOrigin } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import type { FunctionName } from '../../libc/signatures.ts'

/** A feature, how it is tried, and what is known about who may say no to it. */
export interface Feature {
  /** The Linux version that brought it. */
  readonly since?: string
  /** The kernel option without which a new enough kernel may still lack it. */
  readonly option?: string
  /** The capability without which the kernel refuses it, or ignores it. */
  readonly capability?: Capability
  /**
   * Uses the feature for real, leaves no descriptor, and returns a remark or nothing. Throws `SystemError` or
   * `UnsupportedError` where it cannot be had, `NoEffect` or `Misbehaviour` where it does not work.
   */
  readonly attempt: (libc: Libc) => string | undefined
}

/** A backend or an interface: what is tried of it, and which of that makes it available. */
export interface Subject<Name extends string = string> {
  readonly name: Name
  /** The function that tells whose implementation is in use. */
  readonly head: FunctionName | undefined
  /** Features in the order of their tries. Where the first one fails, the others are not tried: see `Try`. */
  readonly features: Readonly<Record<string, Feature>>
  /** Features without which the subject is of no use. */
  readonly required: readonly string[]
}

/** A flag was accepted, and changes nothing: whoever accepted it does not know it. */
export class NoEffect extends Error {
  override readonly name = 'NoEffect'
}

/** A call succeeded, and did not do what its manual says. */
export class Misbehaviour extends Error {
  override readonly name = 'Misbehaviour'
}

/** A function exists, but not in the library that has the rest of its family. */
export class ForeignFunction extends UnsupportedError {
  constructor(name: FunctionName, head: FunctionName) {
    super(name, `${name} does not come from the library that ${head} comes from`)
  }
}

/** Throws `Misbehaviour` unless two numbers are equal. */
export function expectEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Misbehaviour(`${what}: ${actual} instead of ${expected}`)
}

/**
 * Throws unless a newer function of a family may be used with the objects of the older one. A library that
 * replaces only the older one must not get its objects handed to the kernel.
 */
export function requireFamily(libc: Libc, name: FunctionName, head: FunctionName): void {
  if (!libc.has(name)) throw new UnsupportedError(name, `no library in this process has ${name}`)
  if (!sameOrigin(libc, name, head)) throw new ForeignFunction(name, head)
}
