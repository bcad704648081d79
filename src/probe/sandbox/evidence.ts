import type { Confidence, SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'

/** Looks for one kind of layer, and returns all that it finds. */
export type Detector = (sources: Sources) => SandboxEvidence[]

/** One piece of evidence. */
export function evidence(layer: string, seen: string, confidence: Confidence): SandboxEvidence {
  return { layer, evidence: printable(seen), confidence }
}

/** The piece of evidence if there is something to it, to be spread into a list. */
export function evidenceIf(
  condition: boolean,
  layer: string,
  seen: string,
  confidence: Confidence,
): SandboxEvidence[] {
  return condition ? [evidence(layer, seen, confidence)] : []
}

const LONGEST = 160

/** What was read from files goes to terminals and pages: no control characters, and not much of it. */
function printable(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}...` : plain
}

/** A file in which a pattern means a layer. */
export interface Pattern {
  readonly layer: string
  readonly pattern: RegExp
  readonly confidence: Confidence
}

/** The patterns that a text matches, as evidence that quotes what was matched. */
export function matches(
  path: string,
  text: string | undefined,
  patterns: readonly Pattern[],
): SandboxEvidence[] {
  return patterns.flatMap(({ layer, pattern, confidence }) => {
    const found = pattern.exec(text ?? '')?.[0]
    return found === undefined ? [] : [evidence(layer, `${path} has "${found}"`, confidence)]
  })
}
