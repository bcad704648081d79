import { add, close, del, epoll, pipe, wait, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'
import { EPOLL, EPOLL_CLOEXEC, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { addResult, chain } from './topology.ts'

/** More than the kernel lets any epoll be watched by: 1000. */
const ON_A_FILE = 1001

/** How many epolls Linux lets watch one that is so deep. */
const AT_DEPTH = { 2: 500, 3: 100 } as const

export const limits: readonly Check[] = [
  epollCheck({
    id: 'epoll.nest.path-limits.plain',
    statement: `One descriptor may be watched by ${ON_A_FILE} epolls, and all of them report it.`,
    level: 'quirk',
    source: 'the kernel, reverse_path_check; measured',
    descriptors: ON_A_FILE + 8,
    run(machine) {
      machine.run(pipe('r', 'w'))
      addUntilRefused(machine, 'r', ON_A_FILE)
      machine.run(write('w', 1), ...[1, 2, ON_A_FILE].map((i) => wait(`watcher ${i}`, { r: 'IN' })))
    },
  }),
  ...([2, 3] as const).map((depth) =>
    epollCheck({
      id: `epoll.nest.path-limits.depth-${depth}`,
      statement: `An epoll that ${depth === 2 ? 'watches a pipe' : 'watches another, which watches a pipe,'} may be in ${AT_DEPTH[depth]} epolls; one more is refused with EINVAL.`,
      level: 'quirk',
      source: 'the kernel, reverse_path_check; measured',
      why: 'Each is a path by which a write wakes somebody, and the kernel walks all of them: it bounds their number.',
      descriptors: AT_DEPTH[depth] + 12,
      run(machine) {
        const most = AT_DEPTH[depth]
        const top = `ep${depth - 1}`
        machine.run(pipe('r', 'w'), ...chain('r', depth - 1))
        addUntilRefused(machine, top, most)
        machine.run(epoll('one more'))
        machine.begin(`add ${top} to epoll ${most + 1}`)
        const result = addResult(machine, 'one more', top)
        if (result !== 'EINVAL') throw new Failure('epoll_ctl gives EINVAL', `epoll_ctl gives ${result}`)
        machine.run(
          write('w', 1),
          wait('one more', {}),
          wait('watcher 1', { [top]: 'IN' }),
          wait(`watcher ${most}`, { [top]: 'IN' }),
          close('watcher 1'),
          add('one more', top, 'IN'),
          del('one more', top),
        )
      },
    }),
  ),
]

/** Opens so many epolls that watch a descriptor. */
function addUntilRefused(machine: Machine, name: string, count: number): void {
  const { libc } = machine
  const fd = machine.fd(name)
  const event = encodeEvent(EPOLL.IN, machine.labels.data(name))
  machine.begin(`${count} epolls watch ${name}`)
  for (let i = 1; i <= count; i++) {
    const ep = sys(libc, 'epoll_create1', EPOLL_CLOEXEC)
    machine.bind(`watcher ${i}`, ep)
    const result = resultOf(libc, 'epoll_ctl', ep, EPOLL_CTL.ADD, fd, event.address)
    if (result !== 0) throw new Failure(`${count} epolls may watch ${name}`, `epoll ${i} gets ${result}`)
  }
}
