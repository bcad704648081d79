/**
 * Struct layouts as data: the C rules of alignment applied to a list of fields, so that the layout of every
 * platform can be computed, and held against a golden file, on any platform.
 */

/** The types of fields. `i64` and `u64` are also `long`, `size_t` and pointers: evloop is 64-bit only. */
export type FieldType = 'u8' | 'u16' | 'i16' | 'i32' | 'u32' | 'i64' | 'u64'

const sizeOf: Record<FieldType, number> = { u8: 1, u16: 2, i16: 2, i32: 4, u32: 4, i64: 8, u64: 8 }

export interface StructLayout<Names extends string = string> {
  readonly size: number
  readonly offsets: Readonly<Record<Names, number>>
}

/**
 * Lays fields out in order. `packed` leaves no gaps, as `__attribute__((packed))` does; otherwise each field
 * is aligned to its size and the whole to its widest field. A field `['addr', 'u8', 4]` is an array.
 */
export function struct<Names extends string>(
  fields: readonly (readonly [Names, FieldType, number?])[],
  options: { readonly packed?: boolean } = {},
): StructLayout<Names> {
  const align = (offset: number, to: number): number =>
    options.packed === true ? offset : Math.ceil(offset / to) * to
  const offsets: Partial<Record<Names, number>> = {}
  let end = 0
  let widest = 1
  for (const [name, type, count = 1] of fields) {
    const width = sizeOf[type]
    widest = Math.max(widest, width)
    end = align(end, width)
    offsets[name] = end
    end += width * count
  }
  return { size: align(end, widest), offsets: offsets as Record<Names, number> }
}
