/**
 * Files of /proc that tell of a change: of what is mounted, and of the host's name. A change is told to one poll of
 * an open file and to no other, so whoever asks has a file of its own.
 *
 * Changes are made by a thread in a namespace of its own: what the machine has mounted stays as it is. The name
 * that the host is given is the one that it has.
 */
import { hostname } from 'node:os'
import type { BackendName } from '../../../backends/index.ts'
import { CLONE, MS, O } from '../../../libc/constants/linux.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, blocked, call, closeAll, epoll, join, thread, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { WOKEN } from '../../patience.ts'
import type { Name, NativeStep, Step } from '../../steps.ts'
import { privileged, requireOwnNamespace } from '../../steps/environment.ts'
import { directory, open } from '../../steps/files.ts'
import type { State } from './inquiry.ts'
import { inquiryOf } from './inquiry.ts'
import { FULL_MASK, readinessCheck } from './matrix.ts'
import { readable, readWritable } from './states.ts'

const HOSTNAME = '/proc/sys/kernel/hostname'

/** A change that nobody was told of yet. */
const changed: State = { revents: 'IN|PRI|ERR', withoutEvents: 'ERR', select: 'rwx' }

const inAdmin = (...steps: readonly NativeStep[]): Step[] =>
  steps.flatMap((step) => [thread('admin', step), join('admin')])

const ownHostname: readonly Step[] = [
  ...inAdmin(privileged('unshare', [CLONE.NEWUTS])),
  requireOwnNamespace('admin', 'uts'),
]
const rename: readonly Step[] = inAdmin(
  privileged('sethostname', [{ text: hostname() }, Buffer.byteLength(hostname())]),
)

const none = { text: 'none' }
const ownMounts: readonly Step[] = [
  directory('d'),
  ...inAdmin(privileged('unshare', [CLONE.NEWNS])),
  requireOwnNamespace('admin', 'mnt'),
  // Or else what is mounted here would be mounted for everybody.
  ...inAdmin(privileged('mount', [none, { text: '/' }, none, MS.REC | MS.PRIVATE, NULL])),
]
const mount: readonly Step[] = inAdmin(
  privileged('mount', [none, { path: '@d' }, { text: 'tmpfs' }, 0, NULL]),
)
const unmount: readonly Step[] = inAdmin(privileged('umount2', [{ path: '@d' }, 0]))

/** The mounts of the thread, which are not those of the process. */
const openMounts = (as: Name): Step[] =>
  inAdmin(call('open', [{ text: '/proc/thread-self/mounts' }, O.RDONLY | O.CLOEXEC, 0], 'ok', as))

/**
 * The host has one name for all, and news of it reach all namespaces: another container, or another check, that sets
 * it at the same moment disturbs. So there are a few attempts.
 */
const ATTEMPTS = 5

function attempt(machine: Machine, steps: readonly Step[]): void {
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      machine.run(...steps, closeAll())
      return
    } catch (error) {
      if (!(error instanceof Failure) || left === 0) throw error
      machine.run(closeAll())
    }
  }
}

/** The state before and after a change, told once to each open file; and the wake-up of one who waits for it. */
function change(
  backend: BackendName,
  idle: State,
  file: (as: Name) => readonly Step[],
  changes: readonly [first: readonly Step[], second: readonly Step[]],
): Step[] {
  const questions = [
    { fd: 'asked for all', mask: FULL_MASK },
    { fd: 'asked for PRI', mask: 'PRI' },
    // select is asked for sets, and nothing has none.
    ...(backend === 'select' ? [] : [{ fd: 'asked for nothing', mask: '0' }]),
  ].map(({ fd, mask }) => ({ fd, ...inquiryOf(backend, [fd], mask) }))
  const ask = (state: State): Step[] =>
    questions.map((question) => question.ask({ ...state, fd: question.fd }))
  const waiting = 'waited for'
  const waiter = inquiryOf(backend, [waiting], 'PRI')
  return [
    ...questions.flatMap(({ fd, watch }) => [...file(fd), ...watch]),
    ...file(waiting),
    ...waiter.watch,
    ...ask(idle),
    ...changes[0],
    ...ask(changed),
    ...ask(idle),
    // It was told of the first change already, so that it can wait for the second.
    waiter.ask({ ...changed, fd: waiting }),
    thread('waiter', waiter.ask({ ...changed, fd: waiting }, WOKEN)),
    blocked('waiter'),
    ...changes[1],
    join('waiter'),
    waiter.ask({ ...idle, fd: waiting }),
    ...ask(changed),
  ]
}

export const procChecks: readonly Check[] = [
  readinessCheck({
    id: 'ready.proc-mounts.idle',
    statement: 'The list of mounts is readable like any file, and nothing else, while nothing is mounted.',
    level: 'quirk',
    source: 'proc_pid_mounts(5); LTP epoll_wait10',
    create: [open('m', '/proc/self/mounts')],
    fd: 'm',
    ...readable,
  }),
  classicCheck({
    id: 'ready.proc-mounts.change',
    statement:
      'The list of mounts reports PRI and ERR after a mount, once to each who has it open, and wakes waiters.',
    level: 'quirk',
    kind: 'thread',
    source: 'proc_pid_mounts(5); LTP epoll_wait10; measured',
    threads: 2,
    steps: (backend) => [...ownMounts, ...change(backend, readable, openMounts, [mount, unmount])],
  }),
  classicCheck({
    id: 'ready.proc-hostname.idle',
    statement:
      'The file of the host name is readable and writable, and nothing else, while that stays the same.',
    level: 'quirk',
    source: 'gVisor; measured',
    run(machine) {
      const questions = [FULL_MASK, 'IN', 'PRI', '0'].map((mask) => inquiryOf(machine.backend, ['h'], mask))
      attempt(machine, [
        open('h', HOSTNAME),
        ...questions.flatMap(({ watch }) => watch),
        ...questions.map(({ ask }) => ask({ fd: 'h', ...readWritable })),
      ])
    },
  }),
  classicCheck({
    id: 'ready.proc-hostname.change',
    statement:
      'The file of the host name reports PRI and ERR after it was set, once to each who has it open, and wakes waiters.',
    level: 'quirk',
    kind: 'thread',
    source: 'gVisor; measured',
    threads: 2,
    run(machine) {
      const file = (as: Name): Step[] => [open(as, HOSTNAME)]
      const steps = change(machine.backend, readWritable, file, [rename, rename])
      attempt(machine, [...ownHostname, ...steps])
    },
  }),
  epollCheck({
    id: 'ready.poll-consumed-latch',
    statement:
      'Of two epolls that watch one open file of /proc, only the first that waits is told of a change.',
    level: 'quirk',
    kind: 'thread',
    source: 'gVisor; measured',
    threads: 1,
    run: (machine) =>
      attempt(machine, [
        ...ownHostname,
        open('h', HOSTNAME),
        ...['first', 'second'].flatMap((ep) => [epoll(ep), add(ep, 'h', 'PRI')]),
        ...['first', 'second'].map((ep) => wait(ep, {})),
        ...rename,
        wait('second', { h: 'PRI|ERR' }),
        wait('first', {}),
        wait('second', {}),
      ]),
  }),
]
