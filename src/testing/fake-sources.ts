import type { Sources } from '../probe/sources.ts'

/** A machine that tells only what a test gives it: texts of files by path, links, names in directories. */
export interface FakeMachine extends Partial<Omit<Sources, 'text' | 'exists' | 'names' | 'link' | 'same'>> {
  readonly files?: Readonly<Record<string, string>>
  readonly links?: Readonly<Record<string, string>>
  readonly directories?: Readonly<Record<string, readonly string[]>>
  readonly sameRoot?: boolean
}

/** By default a Linux x64 machine without any file. */
export function fakeSources(fake: FakeMachine = {}): Sources {
  const { files = {}, links = {}, directories = {}, sameRoot, ...rest } = fake
  return {
    os: 'linux',
    arch: 'x64',
    machine: 'x86_64',
    release: '6.1.0-13-amd64',
    version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1',
    environment: {},
    groups: [1000],
    ...rest,
    text: (path) => files[path],
    exists: (path) => path in files || path in directories,
    names: (path) => directories[path] ?? [],
    link: (path) => links[path],
    same: () => sameRoot,
  }
}
