import type { Signature } from './signatures.ts'

/** Arm64 macOS passes variadic arguments on the stack only; eight integer registers come before it. */
const REGISTERS_BEFORE_STACK = 8

/**
 * The padding that makes variadic arguments land on the stack on arm64 macOS, for what knows no variadic calls
 * and would put them in registers. Everywhere else it is zero.
 */
export function variadicPadding(signature: Signature, platform: string, arch: string): number {
  if (signature.fixed === undefined || platform !== 'darwin' || arch !== 'arm64') return 0
  return REGISTERS_BEFORE_STACK - signature.fixed
}
