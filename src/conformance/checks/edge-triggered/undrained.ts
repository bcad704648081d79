import { SystemError, UnsupportedError } from '../../../errors.ts'
import { add, close, epoll, pipe, read, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { ARRIVAL } from '../../patience.ts'
import { channels, connectedPeers, streams } from './channels.ts'
import type { Channel } from './channels.ts'

export const undrained: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.rearm-on-new-data-undrained',
    statement:
      'Every write to a pipe is an event, although nothing of what came before was read; a write of no bytes is none.',
    level: 'de-facto',
    source: 'LTP issue 860 (kernels 5.5 to 5.13 did not); polling; measured',
    bugs: [
      'LWN 864947, linux-test-project/ltp#860: Linux 5.5 to 5.13 gave no event for data behind unread data in a pipe, which broke Realm on Android',
      'Linux 3.2.1: unix sockets (libevent)',
    ],
    differs:
      'Linux reports every write. WSL 1, OSv, Shadow, Nanos and Unikraft wanted the data to be read first.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      // The fourth begins a new page, the others are added to one. No pipe is smaller than two.
      ...[1, 1, 4094, 1, 100].flatMap((bytes) => [
        write('w', bytes),
        wait('ep', { r: 'IN' }),
        wait('ep', {}),
      ]),
      write('w', 0),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.data-after-partial-read',
    statement:
      'After a part of the data was read, new data is an event, although the rest of the old is still there.',
    level: 'de-facto',
    source: 'Shadow; LTP issue 860; measured',
    bugs: [
      'LWN 864947, linux-test-project/ltp#860: Linux 5.5 to 5.13 gave no event for data behind unread data in a pipe, which broke Realm on Android',
    ],
    steps: [
      epoll('ep'),
      ...streams.flatMap(({ to, from, open, arrival }) => [
        open,
        add('ep', to, 'IN|ET'),
        write(from, 10),
        wait('ep', { [to]: 'IN' }, arrival),
        ...[4, 1].flatMap((bytes) => [
          read(to, bytes),
          wait('ep', {}),
          write(from, 3),
          wait('ep', { [to]: 'IN' }, arrival),
          wait('ep', {}),
        ]),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.et.undrained-matrix',
    statement:
      'Every write is an event where it arrives, although nothing is read: on pipes, eventfds and every kind of socket.',
    level: 'de-facto',
    source:
      'Shadow test_epoll_edge; microsoft/WSL#2462 and #8923; libevent on Linux 3.2 (unix sockets); measured',
    bugs: [
      'microsoft/WSL#2462: an eventfd had to be read first',
      'microsoft/WSL#8923: unix sockets lost events',
      'Linux 3.2.1: unix sockets lost edges (libevent)',
      'LWN 864947, linux-test-project/ltp#860: Linux 5.5 to 5.13 gave no event for data behind unread data in a pipe, which broke Realm on Android',
      'nanovms/nanos#1508: eventfd',
    ],
    differs:
      'Linux reports every write. WSL 1, OSv, Shadow, Nanos and Unikraft wanted the data to be read first. kqueue with EV_CLEAR is like Linux.',
    run(machine) {
      const absent = channels
        .map((channel) => tryChannel(machine, channel))
        .filter((reason) => reason !== undefined)
      if (absent.length > 0) machine.note = `not to be had here: ${absent.join(', ')}`
    },
  }),
  epollCheck({
    id: 'epoll.et.dgram-each',
    statement: 'Each datagram is an event, also behind others that wait; receiving one of them is none.',
    source: 'Shadow; measured',
    run(machine) {
      machine.run(epoll('ep'))
      for (const [domain, arrival] of [['unix', {}] as const, ['inet', ARRIVAL] as const]) {
        const [from, to] = [`${domain} a`, `${domain} b`]
        machine.begin(`open two ${domain} datagram sockets that are connected to each other`)
        connectedPeers(domain)(machine, from, to)
        const arrives = [write(from, 3), wait('ep', { [to]: 'IN' }, arrival), wait('ep', {})]
        const received = [read(to, 8, 3), wait('ep', {})]
        machine.run(add('ep', to, 'IN|ET'), ...arrives, ...arrives, ...received, ...arrives)
        machine.run(...received, ...received, read(to, 8, 'EAGAIN'), ...arrives)
      }
    },
  }),
]

/** Sends through a channel again and again. Returns why it cannot be had here instead, if so. */
function tryChannel(machine: Machine, channel: Channel): string | undefined {
  const { kind, open, directions, send, arrival } = channel
  machine.begin(`open ${kind}`)
  try {
    open(machine, `${kind} a`, `${kind} b`)
  } catch (error) {
    const absent =
      error instanceof UnsupportedError || (channel.optional === true && error instanceof SystemError)
    if (!absent) throw error
    return `${kind} (${error.message})`
  }
  const ep = `${kind} epoll`
  machine.run(epoll(ep), ...directions.map(([, to]) => add(ep, `${kind} ${to}`, 'IN|ET')))
  for (const [a, b] of directions) {
    const [from, to] = [`${kind} ${a}`, `${kind} ${b}`]
    const arrives = [send(from), wait(ep, { [to]: 'IN' }, arrival)]
    machine.run(...arrives, ...arrives, wait(ep, {}), ...arrives, wait(ep, {}))
  }
  const ends = new Set(directions.flat())
  machine.run(close(ep), ...[...ends].map((end) => close(`${kind} ${end}`)))
  return undefined
}
