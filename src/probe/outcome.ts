import { SystemError, UnsupportedError } from '../errors.ts'
import { ForeignFunction, Misbehaviour, NoEffect } from './features/feature.ts'

/** What one try came to. `value` is the remark of a feature, or the fact itself. Travels as JSON. */
export type Outcome =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly failure: Failure }

/** How a try failed, before anybody is blamed for it. */
export type Failure =
  | { readonly kind: 'errno'; readonly syscall: string; readonly errno: string }
  | { readonly kind: 'symbol'; readonly reason: string; readonly foreign: boolean }
  | { readonly kind: 'no-effect'; readonly reason: string }
  | { readonly kind: 'misbehaviour'; readonly reason: string }
  | { readonly kind: 'death'; readonly by: string; readonly signal: string | undefined }
  | { readonly kind: 'hang'; readonly ms: number }

/** Runs a try, and turns whatever it throws into an outcome. */
export function attempt(action: () => unknown): Outcome {
  try {
    const value = action()
    return value === undefined ? { ok: true } : { ok: true, value }
  } catch (error) {
    return { ok: false, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof SystemError) return { kind: 'errno', syscall: error.syscall, errno: error.code }
  if (error instanceof UnsupportedError) {
    const foreign = error instanceof ForeignFunction
    return { kind: 'symbol', reason: error.reason, foreign }
  }
  if (error instanceof NoEffect) return { kind: 'no-effect', reason: error.message }
  if (error instanceof Misbehaviour) return { kind: 'misbehaviour', reason: error.message }
  throw error
}
