/** Pseudo-random numbers from a seed, so that a run can be repeated exactly. Not for secrets. */
export type Random = () => number

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, numbers in [0, 1). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Another sequence, which depends on one number of this one only, however many are taken of it. */
export function branch(random: Random): Random {
  return seededRandom(Math.floor(random() * 2 ** 32))
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const held = order[i] as T
    order[i] = order[j] as T
    order[j] = held
  }
  return order
}
