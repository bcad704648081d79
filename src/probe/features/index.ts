import { backends } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import { Interest, ReadinessBatch } from '../../backends/backend.ts'
import type { Backend } from '../../backends/backend.ts'
import type { Libc } from '../../libc/libc.ts'
import type { InterfaceName } from '../report.ts'
import { epollFeatures } from './epoll.ts'
import { expectEqual } from './feature.ts'
import type { Feature, Subject } from './feature.ts'
import {
  eventfdFeatures,
  inotifyFeatures,
  pidfdFeatures,
  signalfdFeatures,
  timerfdFeatures,
} from './interfaces.ts'
import { ioUringFeatures } from './io-uring.ts'
import { kqueueFeatures } from './kqueue.ts'
import { pollFeatures, selectFeatures } from './sets.ts'
import { Source } from './sources.ts'

type KnownBackends = Partial<Record<BackendName, Omit<Subject, 'name'>>>

/** What is known of backends beyond their contract. */
const knownBackends: KnownBackends = {
  epoll: { head: 'epoll_wait', features: epollFeatures, required: ['create1', 'level'] },
  poll: { head: 'poll', features: pollFeatures, required: ['level'] },
  io_uring: { head: undefined, features: ioUringFeatures, required: ['setup', 'NOP', 'POLL_ADD'] },
  kqueue: { head: 'kevent', features: kqueueFeatures, required: ['kqueue', 'kevent'] },
  select: { head: 'select', features: selectFeatures, required: ['level'] },
}

/** A backend as a subject. One of which nothing special is known is tried through its contract. */
function backendSubject(name: BackendName): Subject<BackendName> {
  const known = knownBackends[name]
  if (known !== undefined) return { name, ...known }
  const level: Feature = { attempt: (libc) => tryPoller(libc, name) }
  return { name, head: undefined, features: { level }, required: ['level'] }
}

function tryPoller(machine: Libc, name: BackendName): undefined {
  const backend: Backend = backends[name]
  const libc = backend.world?.(machine) ?? machine
  using poller = backend.open(libc)
  using source = new Source(libc).makeReady()
  poller.add(source.fd, Interest.READ, 1)
  expectEqual('events of a ready descriptor', poller.wait(new ReadinessBatch(4), 0), 1)
}

const interfaces: Record<InterfaceName, Omit<Subject, 'name'>> = {
  eventfd: { head: 'eventfd', features: eventfdFeatures, required: ['eventfd'] },
  timerfd: { head: 'timerfd_create', features: timerfdFeatures, required: ['timerfd'] },
  signalfd: { head: 'signalfd', features: signalfdFeatures, required: ['signalfd'] },
  pidfd: { head: undefined, features: pidfdFeatures, required: ['pidfd_open'] },
  inotify: { head: 'inotify_init1', features: inotifyFeatures, required: ['inotify'] },
}

/** The other interfaces, in the order of their tries. */
const interfaceSubjects: readonly Subject<InterfaceName>[] = Object.entries(interfaces).map(
  ([name, subject]) => ({ name: name as InterfaceName, ...subject }),
)

/** Backends and interfaces, told apart. */
export interface Subjects {
  readonly backends: readonly Subject<BackendName>[]
  readonly interfaces: readonly Subject<InterfaceName>[]
}

/** All that is tried when these backends are asked for. */
export function subjectsOf(names: readonly BackendName[]): Subjects {
  return { backends: names.map(backendSubject), interfaces: interfaceSubjects }
}
