import { fileURLToPath } from 'node:url'
import { EPOLL, EPOLL_CTL, O } from '../../../libc/constants/linux.ts'
import { add, del, epoll, eventfd, poll, select, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'
import type { Name, Step } from '../../steps.ts'
import { open } from '../../steps/files.ts'
import type { PathText } from '../../steps/files.ts'
import { classic, classicNames } from '../../classic.ts'

/** So many epolls, one in the other, are the most. */
const DEEPEST = 5

/** So many ways of that length may lead from a file to the epolls that it is in. */
const MOST_PATHS = 10

const names = (prefix: string, count: number): Name[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

/** So many epolls, each in the next one, and an eventfd that is readable in the first. */
const nested = (count: number): Step[] => [
  eventfd('e', 1),
  ...names('ep', count).map((ep) => epoll(ep)),
  add('ep0', 'e', 'IN'),
  ...names('ep', count - 1).map((inner, i) => add(`ep${i + 1}`, inner, 'IN')),
]

/** What cannot be watched, and how deep epolls may lie in each other. */
export const files: readonly Check[] = [
  {
    id: 'lim.eperm-files',
    statement:
      'Regular files and directories cannot be added to an epoll (EPERM), which goes on as before; poll and select tell that they are always ready.',
    level: 'contract',
    kind: 'det',
    source: 'epoll_ctl(2): EPERM; poll(2); libuv issues 281 and 5189; libuev issue 12',
    bugs: ['libuv/libuv#281: a program that got EPERM for its standard input aborted'],
    differs: 'kqueue watches regular files; io_uring completes at once.',
    backends: classicNames,
    steps: (backend): readonly Step[] => {
      const make = [
        open('file', fileURLToPath(import.meta.url) as PathText, O.RDONLY),
        open('directory', '/', O.RDONLY),
        eventfd('e', 1),
      ]
      switch (classic(backend)) {
        case 'epoll':
          return [
            ...make,
            epoll('ep'),
            add('ep', 'e', 'IN'),
            ...['file', 'directory'].flatMap((fd) => [
              add('ep', fd, 'IN', { expect: 'EPERM' }),
              add('ep', fd, '0', { expect: 'EPERM' }),
            ]),
            wait('ep', { e: 'IN' }),
          ]
        case 'poll':
          return [
            ...make,
            poll(
              { file: 'IN|OUT', directory: 'IN|OUT', e: 'IN' },
              { file: 'IN|OUT', directory: 'IN|OUT', e: 'IN' },
            ),
          ]
        case 'select':
          return [
            ...make,
            select({ file: 'rw', directory: 'rw', e: 'r' }, { file: 'rw', directory: 'rw', e: 'r' }),
          ]
      }
    },
  },
  epollCheck({
    id: 'lim.eloop-einval-depth',
    statement: `Of ${DEEPEST} epolls one can be in the other; one more is refused with ELOOP (EINVAL on older kernels), and a circle with ELOOP. What was refused has changed nothing.`,
    source: 'epoll_ctl(2): ELOOP; LTP epoll_ctl04, epoll_ctl05',
    run(machine) {
      machine.run(...nested(DEEPEST), epoll('one more'))
      const outermost = `ep${DEEPEST - 1}`
      machine.begin(`ADD of ${DEEPEST} epolls in each other to one more`)
      const event = encodeEvent(EPOLL.IN, 0n)
      const [outer, inner] = [machine.fd('one more'), machine.fd(outermost)]
      const result = resultOf(machine.libc, 'epoll_ctl', outer, EPOLL_CTL.ADD, inner, event.address)
      machine.expect(result === 'EINVAL' ? 'ELOOP' : result, 'ELOOP', 'epoll_ctl')
      machine.run(
        del('one more', outermost, 'ENOENT'),
        add('ep0', outermost, 'IN', { expect: 'ELOOP' }),
        del('ep0', outermost, 'ENOENT'),
        wait('one more', {}),
        wait(outermost, { [`ep${DEEPEST - 2}`]: 'IN' }),
        wait('ep0', { e: 'IN' }),
        // With one less in each other there is room for it.
        del(outermost, `ep${DEEPEST - 2}`),
        add('one more', `ep${DEEPEST - 2}`, 'IN'),
        wait('one more', { [`ep${DEEPEST - 2}`]: 'IN' }),
      )
    },
  }),
  epollCheck({
    id: 'lim.eloop-einval-depth.paths',
    statement: `No more than ${MOST_PATHS} ways through ${DEEPEST} epolls lead to a file: one more is EINVAL, until another is gone.`,
    level: 'quirk',
    source: 'fs/eventpoll.c: path_limits',
    steps: [
      ...nested(DEEPEST - 1),
      ...names('outer', MOST_PATHS).flatMap((ep) => [epoll(ep), add(ep, `ep${DEEPEST - 2}`, 'IN')]),
      epoll('one more'),
      add('one more', `ep${DEEPEST - 2}`, 'IN', { expect: 'EINVAL' }),
      wait('one more', {}),
      wait('outer0', { [`ep${DEEPEST - 2}`]: 'IN' }),
      del('outer0', `ep${DEEPEST - 2}`),
      add('one more', `ep${DEEPEST - 2}`, 'IN'),
      wait('one more', { [`ep${DEEPEST - 2}`]: 'IN' }),
    ],
  }),
]
