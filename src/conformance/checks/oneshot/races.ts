import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd, pipe } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer, pollfdFor } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { dawdle, Partner, race, raceToDrain } from '../../threads/race.ts'

export const races: readonly Check[] = [
  epollCheck({
    id: 'epoll.oneshot.rearm-lost-race',
    statement: 'What is written while the reader drains and re-arms is reported, whenever it comes.',
    kind: 'race',
    source: 'polling; gVisor DoubleEpollOneShot',
    bugs: [
      'kernel bug 205933: the same with edges (Linux 5.0 to 5.6)',
      'rcore-os/tgoskits#696: a race of re-arming',
    ],
    threads: 1,
    run(machine) {
      machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN|ONESHOT'))
      const rearm = rearmCall(machine, 'ep', 'r')
      raceToDrain(machine, { ep: 'ep', reader: 'r', writer: 'w' }, (round) => {
        dawdle(machine, round)
        underTest(machine, 'epoll_ctl', ...rearm)
      })
    },
  }),
  epollCheck({
    id: 'epoll.oneshot.two-instances',
    statement: 'One descriptor, armed in two epolls by two threads, is reported by both after every write.',
    kind: 'race',
    source: 'gVisor DoubleEpollOneShot',
    threads: 1,
    run(machine) {
      const { libc } = machine
      machine.run(
        pipe('r', 'w'),
        eventfd('seen'),
        epoll('ep1'),
        epoll('ep2'),
        add('ep1', 'r', 'IN|ONESHOT'),
        add('ep2', 'r', 'IN|ONESHOT'),
      )
      const [r, w, seen] = [machine.fd('r'), machine.fd('w'), machine.fd('seen')]
      const [event1, event2, seenPoll] = [eventBuffer(1), eventBuffer(1), pollfdFor(machine, 'seen')]
      const one = new Memory(8, { shared: true })
      one.view.setBigUint64(0, 1n, true)
      machine.keep(event2)
      machine.keep(one)
      const partner = new Partner(machine, 'second', [
        { fn: 'epoll_ctl', args: rearmCall(machine, 'ep2', 'r'), accept: [0] },
        { fn: 'epoll_wait', args: [machine.fd('ep2'), event2.address, 1, WOKEN.timeoutMs], accept: [1] },
        { fn: 'write', args: [seen, one.address, 8], accept: [8] },
      ])
      const rearm = rearmCall(machine, 'ep1', 'r')
      machine.begin('write, and wait in both epolls')
      race(machine, (round) => {
        const lost = (ep: string): Failure =>
          new Failure(`${ep} reports every write`, `no event in round ${round}`)
        // Not after the last round: it would wait for a write that does not come.
        if (round > 0) partner.again()
        underTest(machine, 'epoll_ctl', ...rearm)
        dawdle(machine, round)
        sys(libc, 'write', w, one.address, 1)
        if (underTest(machine, 'epoll_wait', machine.fd('ep1'), event1.address, 1, WOKEN.timeoutMs) === 0)
          throw lost('ep1')
        if (sys(libc, 'poll', seenPoll.address, 1, WOKEN.timeoutMs) === 0) throw lost('ep2')
        sys(libc, 'read', seen, event1.address, 8)
        sys(libc, 'read', r, event1.address, 1)
      })
      partner.stop()
    },
  }),
]

/** The arguments of the epoll_ctl that arms an entry again. */
function rearmCall(machine: Machine, ep: string, fd: string): Parameters<Machine['libc']['fn']['epoll_ctl']> {
  const event = encodeEvent(EPOLL.IN | EPOLL.ONESHOT, machine.labels.data(fd))
  machine.keep(event)
  return [machine.fd(ep), EPOLL_CTL.MOD, machine.fd(fd), event.address]
}
