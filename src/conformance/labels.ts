/**
 * The 64-bit data of epoll entries, by label. Each number has bits of its own in both halves, so that a
 * backend that keeps 32 bits, or takes the data for a descriptor, reports a label that does not exist.
 */
export class Labels {
  readonly #dataOf = new Map<string, bigint>()
  readonly #labelOf = new Map<bigint, string>()

  /** The data of a label, made on first use. */
  data(label: string): bigint {
    let data = this.#dataOf.get(label)
    if (data === undefined) {
      const index = BigInt(this.#dataOf.size + 1)
      data = (0xdeadbeef00000000n ^ (index << 40n)) | (0xcafebaben - index * 0x10001n)
      this.#dataOf.set(label, data)
      this.#labelOf.set(data, label)
    }
    return data
  }

  /** All labels, in the order of their first use. */
  get names(): readonly string[] {
    return [...this.#dataOf.keys()]
  }

  /** Takes over the labels of another process, so that both know the same data by the same label. */
  adopt(names: readonly string[]): void {
    for (const name of names) this.data(name)
  }

  /** The label of what a wait returned; data that no label has is shown in hexadecimal. */
  label(data: bigint): string {
    return this.#labelOf.get(data) ?? `data 0x${data.toString(16)}`
  }
}
