import { IN_CREATE, IN_DELETE, IN_FLAGS } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, drain, epoll, read, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { underTest } from '../../operations/calls.ts'
import { eventBuffer } from '../../operations/events.ts'
import { pathOf } from '../../operations/files.ts'
import { PROMPT_MS } from '../../patience.ts'
import { directory, mkfifo } from '../../steps/files.ts'
import { inotify, watchPath } from '../../steps/sources.ts'
import { expectFlags } from './flags.ts'
import { Partner, race } from '../../threads/race.ts'

export const inotifyChecks: readonly Check[] = [
  epollCheck({
    id: 'inotify.flags',
    statement: 'IN_NONBLOCK and IN_CLOEXEC take effect, together and apart.',
    source: 'inotify_init(2)',
    run(machine) {
      expectFlags(machine, 'inotify_init1', [], IN_FLAGS)
    },
  }),
  epollCheck({
    id: 'inotify.et',
    statement: 'Every new event of a directory is an edge, whether or not those before it were read.',
    level: 'de-facto',
    source: 'inotify(7); measured',
    steps: [
      directory('d'),
      inotify('i'),
      watchPath('i', '@d', IN_CREATE),
      epoll('ep'),
      add('ep', 'i', 'IN|ET'),
      wait('ep', {}),
      mkfifo('@d/one'),
      wait('ep', { i: 'IN' }),
      wait('ep', {}),
      mkfifo('@d/two'),
      wait('ep', { i: 'IN' }),
      wait('ep', {}),
      // Too little room for an event takes nothing away, and is no edge.
      read('i', 8, 'EINVAL'),
      wait('ep', {}),
      drain('i'),
      wait('ep', {}),
      mkfifo('@d/three'),
      wait('ep', { i: 'IN' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'inotify.no-deadlock',
    statement:
      'While files come and go in one thread, another waits for that and reads it: neither stops, and nothing is missed.',
    kind: 'race',
    threads: 1,
    source: 'gVisor',
    run(machine) {
      machine.run(directory('d'), inotify('i'), watchPath('i', '@d', IN_CREATE | IN_DELETE))
      machine.run(epoll('ep'), add('ep', 'i', 'IN'))
      machine.begin('make and delete files in one thread, epoll_wait and read in another')
      const path = pathOf(machine, '@d/file')
      const [ep, fd] = [machine.fd('ep'), machine.fd('i')]
      const files = new Partner(machine, 'files', [
        { fn: 'mkfifo', args: [path, 0o600], accept: [0] },
        { fn: 'unlink', args: [path], accept: [0] },
      ])
      const [event, room] = [eventBuffer(1), new Memory(4096)]
      // The first two come without being asked for.
      let missing = 2
      race(machine, (round) => {
        while (missing > 0) {
          if (underTest(machine, 'epoll_wait', ep, event.address, 1, PROMPT_MS) === 0) {
            throw new Failure(`two events of every round`, `${missing} are missing in round ${round}`)
          }
          const bytes = underTest(machine, 'read', fd, room.address, room.bytes.length)
          missing -= eventsIn(room, bytes)
        }
        files.again()
        missing = 2
      })
      files.stop()
    },
  }),
]

const { size, offsets } = layouts.inotify_event

/** How many events were read. Each is followed by a name. */
function eventsIn({ view }: Memory, bytes: number): number {
  let count = 0
  for (let at = 0; at < bytes; at += size + view.getUint32(at + offsets.len, true)) count++
  return count
}
