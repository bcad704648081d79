/** What a child finds of its own signals in the signalfd and the epoll that it has inherited. */
import { EPOLL, EPOLL_CTL, POLL, SIG } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { SharedMemory } from '../../../libc/shared-memory.ts'
import {
  add,
  close,
  counter,
  dup,
  epoll,
  eventfd,
  exitPeer,
  inPeer,
  peer,
  poll,
  read,
  signal,
  wait,
} from '../../build.ts'
import type { Machine } from '../../machine.ts'
import { formatMask } from '../../masks.ts'
import { encodeEvent, pollfdFor } from '../../operations/events.ts'
import { awaitCall, canForkCalls, forkCalls, signalCall } from '../../operations/forked-calls.ts'
import { WOKEN } from '../../patience.ts'
import { endProcess } from '../../steps/processes.ts'
import { blockSignals, raise, signalfd } from '../../steps/sources.ts'
import { SIGNAL } from './signal-threads.ts'

const SIGINFO = layouts.signalfd_siginfo.size
const event = layouts.epoll_event
const pollfd = layouts.pollfd

/** What stands where the child's calls have written nothing. */
const UNTOUCHED = 0xffffffff

/** Where the results of the child's calls are, which are in memory of both. */
const at = { inherited: 0, pollfd: 64, own: 128, info: 192 } as const
const RESULTS = at.info + SIGINFO

/**
 * Fails unless a child sees its own signal by poll, by an epoll of its own and by read, and not by the epoll that it
 * has inherited. A fork does where that can make calls, and takes a tenth of the time of a process that makes steps.
 */
export function watchInChild(machine: Machine): void {
  machine.run(signalfd('s', [SIGNAL]), epoll('ep'), add('ep', 's', 'IN'))
  if (canForkCalls(machine)) watchInFork(machine)
  else watchInPeer(machine)
  machine.run(wait('ep', {}))
}

function watchInPeer(machine: Machine): void {
  machine.run(
    peer('child', ['s', 'ep']),
    ...inPeer(
      'child',
      blockSignals(SIGNAL),
      raise(SIGNAL),
      wait('ep', {}),
      poll({ s: 'IN' }, { s: 'IN' }),
      epoll('own'),
      add('own', 's', 'IN'),
      wait('own', { s: 'IN' }),
      read('s', SIGINFO),
      read('s', SIGINFO, 'EAGAIN'),
    ),
    exitPeer('child'),
  )
}

function watchInFork(machine: Machine): void {
  const results = new SharedMemory(machine.libc, RESULTS)
  machine.cleanups.push(() => results.close())
  for (let i = 0; i < RESULTS; i++) results.view.setUint8(i, 0xff)
  // The signal is blocked in the child, as its parent has it.
  machine.run(blockSignals(SIGNAL), eventfd('go', 0, 0), eventfd('done'))
  for (const [i, byte] of pollfdFor(machine, 's').bytes.entries()) results.view.setUint8(at.pollfd + i, byte)
  const entry = encodeEvent(EPOLL.IN, machine.labels.data('s'))
  machine.keep(entry)
  const [s, inherited] = [machine.fd('s'), machine.fd('ep')]
  const own = nextDescriptor(machine)
  machine.begin('fork a process that waits for its own signal, in every way')
  forkCalls(machine, 'child', [
    awaitCall(machine, 'go'),
    { fn: 'epoll_wait', args: [inherited, results.at(at.inherited), 1, 0] },
    { fn: 'poll', args: [results.at(at.pollfd), 1, 0] },
    { fn: 'epoll_create1', args: [0] },
    { fn: 'epoll_ctl', args: [own, EPOLL_CTL.ADD, s, entry.address] },
    { fn: 'epoll_wait', args: [own, results.at(at.own), 1, 0] },
    { fn: 'read', args: [s, results.at(at.info), SIGINFO] },
    signalCall(machine, 'done', 1n),
    awaitCall(machine, 'go'),
  ])
  const child = machine.processes.get('child')
  if (child !== undefined) process.kill(child, SIG[SIGNAL])
  machine.run(signal('go'), poll({ done: 'IN' }, { done: 'IN' }, WOKEN.timeoutMs), counter('done', '1'))
  machine.begin('what the process has found')
  const { view } = results
  const maskAt = (offset: number): string => {
    const mask = view.getUint32(offset + event.offsets.events, true)
    return mask === UNTOUCHED ? 'no event' : formatMask(mask)
  }
  machine.expect(maskAt(at.inherited), 'no event', 'in the inherited epoll')
  const revents = view.getUint16(at.pollfd + pollfd.offsets.revents, true)
  machine.expect(formatMask(revents), formatMask(POLL.IN), 'by poll')
  machine.expect(maskAt(at.own), formatMask(EPOLL.IN), 'in an epoll of its own')
  const signo = view.getUint32(at.info + layouts.signalfd_siginfo.offsets.signo, true)
  machine.expect(signo, SIG[SIGNAL], 'the signal that it has read')
  machine.run(endProcess('child'))
}

/** The number that the next descriptor gets, here and in a fork. */
function nextDescriptor(machine: Machine): number {
  machine.run(dup('s', 'next'), close('next'))
  return machine.fd('next')
}
