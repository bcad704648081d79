import { readlinkSync } from 'node:fs'
import { release as kernelRelease } from 'node:os'
import { UnsupportedError } from '../../errors.ts'
import type { EnvironmentStep } from '../steps/environment.ts'
import type { Operations } from './index.ts'

export const environmentOperations: Operations<EnvironmentStep['op']> = {
  'require-kernel'(_, { release, feature }) {
    const present = kernelRelease()
    if (compareReleases(present, release) >= 0) return
    throw new UnsupportedError(feature, `it is there since Linux ${release}, and this is ${present}`)
  },
  'require-own-namespace'(machine, { thread, namespace }) {
    const own = namespaceOf(`/proc/self/task/${machine.thread(thread).thread.tid}`, namespace)
    if (own !== undefined && own !== namespaceOf('/proc/self', namespace)) return
    throw new UnsupportedError('a namespace of its own', 'the kernel does not say that the thread has one')
  },
}

/** What a namespace is called, which tells whether two are the same; undefined where the kernel does not say. */
function namespaceOf(task: string, namespace: string): string | undefined {
  try {
    return readlinkSync(`${task}/ns/${namespace}`)
  } catch {
    return undefined
  }
}

/** Compares the first two numbers of two releases: what follows them is a distribution's own. */
export function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map((part) => Number.parseInt(part, 10))
  const [majorB = 0, minorB = 0] = b.split('.').map((part) => Number.parseInt(part, 10))
  return majorA - majorB || minorA - minorB
}
