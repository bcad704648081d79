/** What the threads of the `pool` workload run. */

/** The smallest job whose result shows that it was run. */
export function increment(value: number): number {
  return value + 1
}
