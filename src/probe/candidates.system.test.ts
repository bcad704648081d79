import { describe, expect, it } from 'vitest'
import { usualBackendNames, candidateBackends } from '../backends/index.ts'
import { openLibc } from '../libc/libc.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { findCandidates } from './candidates.ts'

const plain = candidateBackends(openLibc())

describe('the backends that are meant where nobody names one', () => {
  it('are those of this process', async () => {
    expect(await findCandidates(undefined)).toEqual(plain)
  })

  it.runIf(hasCompiler)('are more with a library that brings one', async () => {
    const found = await findCandidates(compileLibrary('kqueue/receipts-libkqueue'))
    expect(found).toEqual(usualBackendNames.filter((name) => name === 'kqueue' || plain.includes(name)))
  })

  it.runIf(hasCompiler)('are all where the library ends the process: whoever uses it says so', async () => {
    expect(await findCandidates(compileLibrary('faults/crash-on-load'))).toEqual(usualBackendNames)
  })

  it('are all where there is no such library', async () => {
    expect(await findCandidates('/nonexistent/lib.so')).toEqual(usualBackendNames)
  })
})
