/**
 * The backends that tests of the portable contract run over: all that are here. A kqueue comes from the library that
 * `EVLOOP_KQUEUE_LIB` names; where it names none, and the platform has none, what would be tested of it is skipped.
 */
import { backendNames, backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Backend } from '../backends/backend.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'

/** The library that brings a kqueue; empty where there is none. */
const kqueueLibrary = process.env['EVLOOP_KQUEUE_LIB'] ?? ''

/** libc, with that library in front. */
export const testedLibc: Libc = openLibc(kqueueLibrary === '' ? {} : { lib: kqueueLibrary })

/** Those that nobody means by itself too, where they can be used with descriptors of the machine. */
export const testedNames: readonly BackendName[] = backendNames.filter((name) => {
  const backend: Backend = backends[name]
  if (!backend.isPresent(testedLibc) || backend.world !== undefined) return false
  return backend.onRequest !== true || backend.availability(testedLibc).available
})

/** Each with its name, as `describe.each` takes it. */
export const testedBackends: readonly (readonly [BackendName, Backend])[] = testedNames.map(
  (name) => [name, backends[name]] as const,
)

// A library may keep descriptors of its own from its first use on, which are no leak of the test that comes first.
for (const name of testedNames) backends[name].availability(testedLibc)

const skipped = backendNames.filter((name) => !testedNames.includes(name) && !('world' in backends[name]))
for (const name of skipped) {
  const hint = name === 'kqueue' ? '; EVLOOP_KQUEUE_LIB names no library with a kqueue' : ''
  process.stderr.write(`skipped: ${name}, which is not here${hint}\n`)
}
