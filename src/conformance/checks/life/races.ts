import { constants } from 'node:os'
import { Interest, INTERRUPTED, ReadinessBatch } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import { EPOLL, EPOLL_CTL, O } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, epoll, eventfd, pipe } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underTest, waitForEvents } from '../../operations/calls.ts'
import { encodeEvent } from '../../operations/events.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'
import { classicNames } from '../../classic.ts'

const { errno } = constants

export const races: readonly Check[] = [
  epollCheck({
    id: 'life.reuse-no-stale-event.race',
    statement:
      'While another thread writes to the old file, a number that becomes a quiet file and is added again never has an event, under old data or new.',
    kind: 'race',
    source: 'wasmer issue 6608; h2o issue 1427; libuv uv__platform_invalidate_fd',
    bugs: ['wasmerio/wasmer#6608: an event of the file before, for the file after'],
    threads: 1,
    run(machine) {
      machine.run(pipe('f', 'w'), eventfd('quiet'), epoll('ep'))
      const { libc } = machine
      const [f, w, quiet, ep] = ['f', 'w', 'quiet', 'ep'].map((name) => machine.fd(name)) as Four
      const old = encodeEvent(EPOLL.IN | EPOLL.ET, machine.labels.data('the old file'))
      const fresh = encodeEvent(EPOLL.IN, machine.labels.data('the new file'))
      const ends = new Memory(8)
      const writer = writerTo(machine, 'w')
      machine.begin('a thread writes to a pipe whose number becomes a quiet file')
      race(machine, (round) => {
        sys(libc, 'pipe2', ends.address, O.NONBLOCK | O.CLOEXEC)
        for (const [at, number] of [f, w].entries()) {
          const end = ends.view.getInt32(4 * at, true)
          sys(libc, 'dup3', end, number, O.CLOEXEC)
          libc.fn.close(end)
        }
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.ADD, f, old.address)
        writer.again()
        dawdle(machine, round)
        // Closes the old file, and takes its number.
        sys(libc, 'dup3', quiet, f, O.CLOEXEC)
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.ADD, f, fresh.address)
        expectNothing(machine, 'ep', round)
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.DEL, f, fresh.address)
      })
      writer.stop()
    },
  }),
  {
    id: 'life.del-then-event-never',
    statement:
      'After DEL has returned, no wait that begins later reports the descriptor, though another thread goes on writing to it.',
    level: 'contract',
    kind: 'race',
    source: 'libkqueue delete races; mio issue 1205; VPP-1880',
    bugs: ['FDio/vpp#708: an event after the registration was taken back'],
    backends: classicNames,
    threads: 1,
    run(machine) {
      machine.run(pipe('f', 'w'))
      const registration = registrationOf(machine)
      const bytes = new Memory(64)
      const writer = writerTo(machine, 'w')
      machine.begin('a thread writes to a pipe that is added, deleted, and waited for')
      race(machine, (round) => {
        registration.add(round)
        writer.again()
        dawdle(machine, round)
        registration.remove()
        registration.expectNothing(round)
        machine.libc.fn.read(machine.fd('f'), bytes.address, bytes.bytes.length)
      })
      writer.stop()
    },
  },
  epollCheck({
    id: 'life.uaf-nested-close',
    statement:
      'One thread deletes an inner epoll while another closes it: DEL gives 0, ENOENT or EBADF, and nothing of the inner epoll is reported.',
    level: 'quirk',
    kind: 'race',
    source: 'CVE-2026-46242 "bad-epoll"',
    why: 'Taking an inner epoll out of two sides at once is where a kernel freed an entry that was in use.',
    bugs: ['flatcar/Flatcar#2204, deepin-community/kernel#1926: use after free'],
    threads: 1,
    run(machine) {
      machine.run(eventfd('ready', 1), epoll('ep'), epoll('inner'))
      const { libc } = machine
      const [ready, ep, inner] = ['ready', 'ep', 'inner'].map((name) => machine.fd(name)) as Three
      const event = encodeEvent(EPOLL.IN, machine.labels.data('the inner epoll'))
      machine.keep(event)
      const accept = [0, -errno.ENOENT, -errno.EBADF]
      const deleter = new Partner(machine, 'the other thread', [
        { fn: 'epoll_ctl', args: [ep, EPOLL_CTL.DEL, inner, event.address], accept },
      ])
      // The name is bound to a number that is closed and made again in every round.
      machine.begin('DEL of an inner epoll by one thread, close by another')
      race(machine, (round) => {
        underTest(machine, 'epoll_ctl', inner, EPOLL_CTL.ADD, ready, event.address)
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.ADD, inner, event.address)
        deleter.again()
        dawdle(machine, round)
        // Puts a new epoll in the place of the one that this closes.
        const next = sys(libc, 'epoll_create1', O.CLOEXEC)
        sys(libc, 'dup3', next, inner, O.CLOEXEC)
        libc.fn.close(next)
        expectNothing(machine, 'ep', round)
      })
      deleter.stop()
      machine.run(add('ep', 'ready', 'IN'))
      machine.expect(waitForEvents(machine, 'ep', 8, 0).length, 1, 'events of an epoll that still works')
    },
  }),
]

type Three = [number, number, number]
type Four = [number, number, number, number]

/** A thread that writes a byte each time it is told to, to whatever is behind the number then. */
function writerTo(machine: Machine, name: string): Partner {
  const byte = new Memory(1, { shared: true })
  machine.keep(byte)
  // EPIPE where the reader is gone already, EAGAIN where nobody reads.
  const accept = [1, -errno.EPIPE, -errno.EAGAIN]
  return new Partner(machine, name, [{ fn: 'write', args: [machine.fd(name), byte.address, 1], accept }])
}

function expectNothing(machine: Machine, ep: string, round: number): void {
  const events = waitForEvents(machine, ep, 8, 0).map(([label, mask]) => `${label} ${mask}`)
  if (events.length > 0) throw new Failure('no events', `${events.join(', ')} in round ${round}`)
}

interface Registration {
  readonly add: (round: number) => void
  readonly remove: () => void
  readonly expectNothing: (round: number) => void
}

/** An entry of an epoll, or an interest of the Poller of a backend that has no kernel object. */
function registrationOf(machine: Machine): Registration {
  const fd = machine.fd('f')
  if (machine.backend === 'epoll') {
    machine.run(epoll('ep'))
    const ep = machine.fd('ep')
    const data = machine.labels.data('f')
    const events = [EPOLL.IN, EPOLL.IN | EPOLL.ET, EPOLL.IN | EPOLL.ONESHOT].map((mask) =>
      encodeEvent(mask, data),
    )
    return {
      add: (round) => {
        const event = events[round % events.length] ?? encodeEvent(EPOLL.IN, data)
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.ADD, fd, event.address)
      },
      remove: () => {
        underTest(machine, 'epoll_ctl', ep, EPOLL_CTL.DEL, fd, events[0]?.address ?? NULL)
      },
      expectNothing: (round) => expectNothing(machine, 'ep', round),
    }
  }
  const poller = backends[machine.backend].open(machine.libc)
  machine.pollers.set('p', poller)
  const batch = new ReadinessBatch(4)
  return {
    add: () => poller.add(fd, Interest.READ, 1n),
    remove: () => poller.remove(fd),
    expectNothing(round) {
      const count = poller.wait(batch, 0)
      if (count === INTERRUPTED) return
      if (count !== 0) throw new Failure('no events', `${count} in round ${round}`)
    },
  }
}
