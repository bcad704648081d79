/** Makes tests call native functions by koffi, which is no dependency: `npm install --no-save koffi` gets it. */
import { beforeEach, expect } from 'vitest'
import { LibraryError } from '../errors.ts'
import { bindingInUse, chooseBinding, USUAL_BINDING } from '../libc/libc.ts'

const missing = reasonThatItIsMissing()
if (missing !== undefined) {
  process.stderr.write(`skipped over koffi: ${missing}\n`)
  // What a test file does before its tests is done all the same.
  chooseBinding(USUAL_BINDING)
}

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing)
  expect(bindingInUse().name).toBe('koffi')
})

function reasonThatItIsMissing(): string | undefined {
  chooseBinding('koffi')
  try {
    bindingInUse()
    return undefined
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error
    return error.message
  }
}
