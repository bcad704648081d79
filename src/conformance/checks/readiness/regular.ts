/** What has no readiness of its own: poll and select say that it is ready, and epoll refuses it. */
import { O } from '../../../libc/constants/linux.ts'
import { add, epoll } from '../../build.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import type { Name, Step } from '../../steps.ts'
import { above, entry, pollEntries, selectSets } from '../../steps/arrays.ts'
import { pollByRing } from '../../steps/rings.ts'
import { directory, open } from '../../steps/files.ts'
import { askable } from './inquiry.ts'
import { FULL_MASK, readinessCheck } from './matrix.ts'
import { readWritable } from './states.ts'

const kinds: readonly { slug: string; what: string; create: readonly Step[] }[] = [
  {
    slug: 'file',
    what: 'A regular file',
    create: [directory('d'), open('f', '@d/file', O.RDWR | O.CREAT)],
  },
  { slug: 'directory', what: 'A directory', create: [open('f', '/')] },
  { slug: 'dev-null', what: 'The null device', create: [open('f', '/dev/null', O.RDWR)] },
  { slug: 'dev-zero', what: 'The zero device', create: [open('f', '/dev/zero', O.RDWR)] },
]

/** What has no wait queue completes a poll at once, or never could, and is refused. */
const ofRing = (fd: Name): Step[] => [
  ...[FULL_MASK, 'IN|OUT'].map((mask) => pollByRing({ [fd]: mask }, { [fd]: 'IN|OUT' })),
  ...['IN', 'OUT'].map((mask) => pollByRing({ [fd]: mask }, { [fd]: mask })),
  ...['PRI', 'RDHUP', '0'].map((mask) => pollByRing({ [fd]: mask }, { [fd]: 'EINVAL' })),
]

/** epoll takes it with no mask at all. */
const refused = (fd: Name, expect: `E${string}`): Step[] => [
  epoll('ep'),
  ...[FULL_MASK, 'IN', '0'].map((mask) => add('ep', fd, mask, { expect })),
]

export const regularChecks: readonly Check[] = kinds.map(({ slug, what, create }) => {
  const head = {
    id: `ready.regular.${slug}`,
    statement: `${what} is always readable and writable for poll, select and polls of io_uring, and EPERM for epoll.`,
    source: 'poll(2); epoll_ctl(2); gVisor; StarryOS',
    differs:
      'WASIX and DragonOS let epoll have it. libuv makes such events up. io_uring refuses polls for what it never is.',
  }
  const row = readinessCheck({ ...head, create, fd: 'f', ...readWritable })
  return classicCheck({
    ...head,
    backends: askable,
    steps: (backend) => {
      if (backend === 'epoll') return [...create, ...refused('f', 'EPERM')]
      if (backend === 'io_uring') return [...create, ...ofRing('f')]
      return 'steps' in row && typeof row.steps === 'function' ? row.steps(backend) : []
    },
  })
})

/** A descriptor that is only a path. */
const path = open('p', '/', O.PATH)
const everySet = { read: ['p'], write: ['p'], except: ['p'] }

export const pathChecks: readonly Check[] = [
  classicCheck({
    id: 'ready.opath',
    statement:
      'A descriptor that is only a path is NVAL for poll, whatever it is asked for, and EBADF for epoll and io_uring.',
    level: 'de-facto',
    source: 'open(2), O_PATH; measured',
    backends: ['epoll', 'poll', 'io_uring'],
    steps: (backend) =>
      backend !== 'poll'
        ? [path, ...(backend === 'epoll' ? refused('p', 'EBADF') : [pollByRing({ p: 'IN' }, { p: 'EBADF' })])]
        : [path, pollEntries([FULL_MASK, 'IN', '0'].map((mask) => entry('p', mask, 'NVAL')))],
  }),
  classicCheck({
    id: 'ready.opath.select',
    statement: 'A descriptor that is only a path is ready in every set for select, as what is NVAL.',
    level: 'quirk',
    source: 'measured (Linux 6.18)',
    differs: 'Older kernels take it for one that is never ready.',
    backends: ['select'],
    steps: [path, selectSets(above('p'), everySet, everySet)],
  }),
]
