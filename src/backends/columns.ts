/** What Pollers know of descriptors is kept in columns indexed by descriptor, which grow together. */

type Column = Uint8Array | Uint32Array | Float64Array

/** How long columns have to be for a descriptor to be in them: doubled until it is. */
export function lengthFor(fd: number, length: number): number {
  let wide = length
  while (wide <= fd) wide *= 2
  return wide
}

/** Copies a column into a longer one, and returns that. */
export function widened<C extends Column>(old: C, wide: C): C {
  wide.set(old)
  return wide
}
