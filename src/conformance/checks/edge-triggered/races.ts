import { EPOLL, EPOLL_CTL, IPPROTO_TCP, TCP_NODELAY } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd, tcp } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { dawdle, Partner, race, raceToDrain } from '../../threads/race.ts'

export const races: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.second-chunk-race',
    statement: 'What a TCP peer sends while the reader is just reaching EAGAIN is reported.',
    kind: 'race',
    source: 'StarryOS epollet-second-chunk',
    bugs: [
      'rcore-os/tgoskits#910: what came between the delivery of an event and the next registration was lost',
    ],
    threads: 1,
    run(machine) {
      machine.run(tcp('c', 's'), epoll('ep'), add('ep', 's', 'IN|ET'))
      machine.begin('set TCP_NODELAY')
      const on = new Memory(4)
      on.view.setInt32(0, 1, true)
      sys(machine.libc, 'setsockopt', machine.fd('c'), IPPROTO_TCP, TCP_NODELAY, on.address, 4)
      raceToDrain(machine, { ep: 'ep', reader: 's', writer: 'c' })
    },
  }),
  epollCheck({
    id: 'epoll.et.mod-race',
    statement: 'A MOD that re-arms what is ready is never lost on a wait that is just beginning.',
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 59; kernel bug 205933; chriskohlhoff/asio#452',
    bugs: [
      'kernel bug 205933, chriskohlhoff/asio#452, boostorg/asio#320, netty/netty#8999: MOD of an edge-triggered entry lost its event, and reactors hung (Linux 5.0 to 5.6)',
    ],
    threads: 1,
    run(machine) {
      // Without IN at first, so that the first event too is one of MOD.
      machine.run(eventfd('e', 1), epoll('ep'), add('ep', 'e', 'ET'))
      const ep = machine.fd('ep')
      const interest = encodeEvent((EPOLL.IN | EPOLL.ET) >>> 0, machine.labels.data('e'))
      machine.keep(interest)
      const rearm = [ep, EPOLL_CTL.MOD, machine.fd('e'), interest.address]
      const partner = new Partner(machine, 're-armer', [{ fn: 'epoll_ctl', args: rearm, accept: [0] }])
      const event = eventBuffer(1)
      machine.begin('wait for what a thread re-arms')
      race(machine, (round) => {
        if (underTest(machine, 'epoll_wait', ep, event.address, 1, WOKEN.timeoutMs) === 0) {
          throw new Failure('every MOD is an event', `no event in round ${round}`)
        }
        partner.again()
        dawdle(machine, round)
      })
      partner.stop()
    },
  }),
]
