import { closeSync, openSync, readSync } from 'node:fs'

/** More than any of the files that are read like this has. */
const MOST_BYTES = 8192

/**
 * A file of /proc that is read again and again: it stays open, because to open it costs more than to read it. Where
 * there is none, its text is empty.
 */
export class ProcText {
  readonly #bytes = Buffer.alloc(MOST_BYTES)
  readonly #fd: number | undefined

  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r')
    } catch {
      this.#fd = undefined
    }
  }

  /** The text as it is now. */
  read(): string {
    if (this.#fd === undefined) return ''
    try {
      return this.#bytes.toString('latin1', 0, readSync(this.#fd, this.#bytes, 0, MOST_BYTES, 0))
    } catch {
      return ''
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }
}
