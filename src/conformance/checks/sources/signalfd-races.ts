import { UnsupportedError } from '../../../errors.ts'
import { SIG } from '../../../libc/constants/linux.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { underTest } from '../../operations/calls.ts'
import { eventBuffer } from '../../operations/events.ts'
import { PROMPT_MS } from '../../patience.ts'
import { blockSignals, signalfd } from '../../steps/sources.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'
import { SIGNAL } from './signal-threads.ts'

export const signalfdRaces: readonly Check[] = [
  epollCheck({
    id: 'signalfd.epoll-no-deadlock',
    statement:
      'Signals that another thread sends one after the other to who waits in an epoll of an epoll of a signalfd all arrive.',
    kind: 'race',
    threads: 1,
    source: 'gVisor ReadyMutexCircularity',
    run(machine) {
      const tgkill = syscallNumbers()?.tgkill
      if (tgkill === undefined) throw new UnsupportedError('tgkill', `${process.arch} has no number for it`)
      machine.run(blockSignals(SIGNAL), signalfd('s', [SIGNAL]))
      machine.run(epoll('inner'), add('inner', 's', 'IN'), epoll('outer'), add('outer', 'inner', 'IN'))
      machine.begin('a thread sends a signal; wait for it in the outer epoll, and read it')
      const [event, info] = [eventBuffer(1), new Memory(layouts.signalfd_siginfo.size)]
      const [outer, s] = [machine.fd('outer'), machine.fd('s')]
      // The main thread's number is that of its process.
      const send = { fn: 'syscall', args: [tgkill, process.pid, process.pid, SIG[SIGNAL], 0, 0, 0] } as const
      const sender = new Partner(machine, 'sender', [{ ...send, accept: [0] }])
      race(machine, (round) => {
        if (underTest(machine, 'epoll_wait', outer, event.address, 1, PROMPT_MS) === 0) {
          throw new Failure('every signal is an event', `no event in round ${round}`)
        }
        const bytes = underTest(machine, 'read', s, info.address, info.bytes.length)
        machine.expect(bytes, info.bytes.length, 'read of the signalfd gives')
        sender.again()
        dawdle(machine, round)
      })
      sender.stop()
      // The last ones that were asked for may be pending still.
      machine.libc.fn.read(s, info.address, info.bytes.length)
    },
  }),
]
