import { StringDecoder } from 'node:string_decoder'

/** Puts lines together from pieces that end anywhere, also within a character. */
export class LineBuffer {
  readonly #decoder = new StringDecoder('utf8')
  #text = ''

  push(bytes: Buffer): void {
    this.#text += this.#decoder.write(bytes)
  }

  /** Takes the next whole line out, without its end; undefined while there is none. */
  next(): string | undefined {
    const end = this.#text.indexOf('\n')
    if (end === -1) return undefined
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 1)
    return line
  }
}
