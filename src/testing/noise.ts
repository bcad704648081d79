import type { Random } from '../random.ts'

/** Normal noise of standard deviation 1 (Box and Muller 1958). */
export function gaussian(random: Random): Random {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Noise whose neighbours correlate by `r`: a first-order process of standard deviation 1. */
export function correlated(r: number, random: Random): Random {
  const next = gaussian(random)
  let value = next()
  return () => (value = r * value + Math.sqrt(1 - r * r) * next())
}

/** Noise with wild outliers: Student's t with two degrees of freedom, of no finite standard deviation. */
export function heavyTailed(random: Random): Random {
  const next = gaussian(random)
  return () => next() / Math.sqrt(-Math.log(1 - random()))
}

/** So many costs about 1, whose logarithms are noise times `scale`. */
export function costs(count: number, scale: number, noise: Random): number[] {
  return Array.from({ length: count }, () => Math.exp(scale * noise()))
}
