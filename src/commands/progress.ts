/** One line on stderr that says what is being done, for a person at a terminal and for nobody else. */
export interface Progress {
  /** Replaces the line. To be called between measurements, never during one. */
  show(text: string): void
  /** Takes the line away, before anything else is written. */
  clear(): void
}

/** Back to the start of the line, and erase to its end (ECMA-48). */
const ERASE_LINE = '\r\u001b[K'

export function makeProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (quiet || !stream.isTTY) return { show: () => undefined, clear: () => undefined }
  let shown = false
  return {
    show(text) {
      stream.write(`${ERASE_LINE}${text}`)
      shown = true
    },
    clear() {
      if (shown) stream.write(ERASE_LINE)
      shown = false
    },
  }
}
