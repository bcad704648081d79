import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { errnoNumber } from '../../../libc/libc.ts'
import { epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'

export const races: readonly Check[] = [
  epollCheck({
    id: 'epoll.nest.crossing-add-race',
    statement:
      'When two threads put two epolls into each other at once, exactly one of them succeeds, and the other gets ELOOP.',
    kind: 'race',
    source: 'StarryOS topology; measured',
    why: 'Both see no ring and both add: then there is one, and the next event runs in it for ever.',
    threads: 1,
    run(machine) {
      const { libc } = machine
      machine.run(epoll('A'), epoll('B'))
      const [A, B] = [machine.fd('A'), machine.fd('B')]
      const event = encodeEvent(EPOLL.IN, 1n)
      machine.keep(event)
      const add = [B, EPOLL_CTL.ADD, A, event.address]
      const partner = new Partner(
        machine,
        'crossing',
        [{ fn: 'epoll_ctl', args: add, accept: [0, -errnoNumber('ELOOP')] }],
        { tells: true },
      )
      const wins = { here: 0, there: 0 }
      machine.begin('add B to A, while a thread adds A to B')
      race(machine, (round) => {
        if (round > 0) partner.again()
        dawdle(machine, round)
        const here = resultOf(libc, 'epoll_ctl', A, EPOLL_CTL.ADD, B, event.address)
        partner.finish()
        // Whether the other succeeded shows when its entry is deleted.
        const there = resultOf(libc, 'epoll_ctl', B, EPOLL_CTL.DEL, A, event.address) === 0 ? 0 : 'ELOOP'
        const taken = resultOf(libc, 'epoll_ctl', A, EPOLL_CTL.DEL, B, event.address)
        if (here === there || (here !== 0 && here !== 'ELOOP')) {
          throw new Failure('one gives 0 and the other ELOOP', `${here} and ${there}, in round ${round}`)
        }
        if ((taken === 0) !== (here === 0)) {
          throw new Failure(`what gave ${here} ${here === 0 ? 'is' : 'is not'} there`, `DEL gives ${taken}`)
        }
        wins[here === 0 ? 'here' : 'there']++
      })
      partner.stop()
      machine.note = `${machine.note}, won ${wins.here} and ${wins.there} times`
    },
  }),
]
