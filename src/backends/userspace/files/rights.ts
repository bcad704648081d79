import type { OpenFile } from './open-file.ts'

/**
 * Descriptors on their way through a unix socket (SCM_RIGHTS). They hold their open files, as a descriptor does, until
 * they are received, or lost with the message that they came with.
 */
export class Rights {
  readonly files: readonly OpenFile[]
  readonly #letGo: (file: OpenFile) => void

  /** `letGo`: what is done when a file has one that holds it less. */
  constructor(files: readonly OpenFile[], letGo: (file: OpenFile) => void) {
    this.files = files
    this.#letGo = letGo
    for (const file of files) file.references++
  }

  /** They are on their way no more. Who has received them holds their files by then. */
  end(): void {
    for (const file of this.files) this.#letGo(file)
  }
}
