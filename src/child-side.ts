/** What the programs of child processes share: `src/child-process.ts` is the end that listens. */
import { writeSync } from 'node:fs'
import { MESSAGE_FD } from './child-process.ts'
import type { ChildGreeting } from './child-process.ts'
import { LibraryError } from './errors.ts'
import type { BindingName, Libc } from './libc/libc.ts'
import { chooseBinding, openLibc } from './libc/libc.ts'

/** Says something to the parent, at once: whatever ends this process comes after it. */
export function say<Message extends { readonly kind: string }>(message: Message): void {
  writeSync(MESSAGE_FD, `${JSON.stringify(message)}\n`)
}

/** Says hello, calls native functions as the parent does, and returns what the child is to do. */
export function receiveOrder<Order>(): Order {
  say<ChildGreeting>({ kind: 'hello' })
  const [, , order = '{}', binding] = process.argv
  chooseBinding(binding as BindingName | undefined)
  return JSON.parse(order) as Order
}

/** Opens libc, or says why it cannot be opened. */
export function openLibcOrSay(lib: string | undefined): Libc | undefined {
  try {
    return openLibc({ lib })
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error
    say<ChildGreeting>({ kind: 'library', library: error.library, reason: error.reason })
    return undefined
  }
}
