import { AF, NETLINK_USERSOCK, O, O_DIRECT, SOCK } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { close, eventfd, pipe, signal, socket, socketpair, tcp, write } from '../../build.ts'
import type { Machine } from '../../machine.ts'
import { acceptFrom, beginConnecting, bindLoopback } from '../../operations/sockets.ts'
import { ARRIVAL } from '../../patience.ts'
import type { Name, NativeStep, WaitOptions } from '../../steps.ts'

/** Opens two ends under these names, or only the first where one descriptor is both. */
type Open = (machine: Machine, a: Name, b: Name) => void

/** Something that data travels through: two ends, or one that is both. */
export interface Channel {
  readonly kind: string
  readonly open: Open
  /** From which end to which: all that is to be tried. */
  readonly directions: readonly (readonly [from: 'a' | 'b', to: 'a' | 'b'])[]
  /** Sends a little. */
  readonly send: (from: Name) => NativeStep
  /** How long what was sent may take. */
  readonly arrival: WaitOptions
  /** Not every kernel has it, and its absence is no fault. */
  readonly optional?: true
}

const oneWay = { directions: [['a', 'b']], send: (from: Name) => write(from, 8), arrival: {} } as const
const bothWays = {
  ...oneWay,
  directions: [
    ['a', 'b'],
    ['b', 'a'],
  ],
} as const

export const channels: readonly Channel[] = [
  { ...oneWay, kind: 'pipe', open: (machine, a, b) => machine.run(pipe(b, a)) },
  {
    ...oneWay,
    kind: 'packet pipe',
    open: (machine, a, b) => machine.run(pipe(b, a, O.NONBLOCK | O_DIRECT)),
    optional: true,
  },
  {
    kind: 'eventfd',
    open: (machine, a) => machine.run(eventfd(a)),
    directions: [['a', 'a']],
    send: (from) => signal(from),
    arrival: {},
  },
  { ...bothWays, kind: 'TCP', open: (machine, a, b) => machine.run(tcp(a, b)), arrival: ARRIVAL },
  { ...bothWays, kind: 'UDP', open: connectedPeers('inet'), arrival: ARRIVAL },
  ...(['stream', 'dgram', 'seqpacket'] as const).flatMap((type): Channel[] => [
    {
      ...bothWays,
      kind: `unix ${type} pair`,
      open: (machine, a, b) => machine.run(socketpair(a, b, type)),
    },
    {
      ...bothWays,
      kind: `unix ${type} connected`,
      open: type === 'dgram' ? connectedPeers('unix') : connectedThroughListener(type),
    },
  ]),
  { ...bothWays, kind: 'netlink', open: openNetlink, optional: true },
]

/** Descriptors that data is read from in part, how each is opened, and how long its data may take. */
export const streams = [
  { to: 'r', from: 'w', open: pipe('r', 'w'), arrival: {} },
  { to: 'a', from: 'b', open: socketpair('a', 'b'), arrival: {} },
  { to: 's', from: 'c', open: tcp('c', 's'), arrival: ARRIVAL },
]

/** Two datagram sockets that are bound, and connected to each other. */
export function connectedPeers(domain: 'unix' | 'inet'): Open {
  return (machine, a, b) => {
    machine.run(socket(a, domain, 'dgram'), socket(b, domain, 'dgram'))
    for (const name of [a, b]) bindLoopback(machine.libc, machine.fd(name), domain)
    connectBothWays(machine, a, b)
  }
}

/** A unix socket that connected to a listener, and what the listener accepted. */
function connectedThroughListener(type: 'stream' | 'seqpacket'): Open {
  return (machine, client, server) => {
    const listener = `${server} listener`
    machine.run(socket(listener, 'unix', type), socket(client, 'unix', type))
    bindLoopback(machine.libc, machine.fd(listener), 'unix')
    sys(machine.libc, 'listen', machine.fd(listener), 1)
    beginConnecting(machine.libc, machine.fd(client), machine.fd(listener))
    machine.bind(server, acceptFrom(machine.libc, machine.fd(listener)))
    machine.run(close(listener))
  }
}

/** Two netlink sockets of the protocol that programs may use among themselves, connected to each other. */
function openNetlink(machine: Machine, a: Name, b: Name): void {
  // sockaddr_nl: family, padding, port and groups. Port 0 lets the kernel choose.
  const address = new Memory(12)
  address.view.setUint16(0, AF.NETLINK, true)
  const type = SOCK.DGRAM | SOCK.NONBLOCK | SOCK.CLOEXEC
  for (const name of [a, b]) {
    machine.bind(name, sys(machine.libc, 'socket', AF.NETLINK, type, NETLINK_USERSOCK))
    sys(machine.libc, 'bind', machine.fd(name), address.address, 12)
  }
  connectBothWays(machine, a, b)
}

function connectBothWays(machine: Machine, a: Name, b: Name): void {
  beginConnecting(machine.libc, machine.fd(a), machine.fd(b))
  beginConnecting(machine.libc, machine.fd(b), machine.fd(a))
}
