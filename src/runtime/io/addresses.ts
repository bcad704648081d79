/** Addresses of sockets, as objects and as the kernel has them: ip(7), ipv6(7), unix(7). */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { AF } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Memory } from '../../libc/memory.ts'

const { sockaddr_in, sockaddr_in6, sockaddr_un } = layouts

/** Room for any address: `struct sockaddr_storage`. */
export const ADDRESS_BYTES = 128

/** Port 0 lets the kernel choose one. */
export interface Ip4Address {
  readonly family: 'ip4'
  readonly address: string
  readonly port: number
}

/** `scope` is the index of an interface, for link-local addresses; `flow` the flow label. Both are 0 by default. */
export interface Ip6Address {
  readonly family: 'ip6'
  readonly address: string
  readonly port: number
  readonly scope?: number
  readonly flow?: number
}

export type IpAddress = Ip4Address | Ip6Address

/** A path of at most 107 bytes, or an abstract name, which begins with a zero byte. Empty: a socket without a name. */
export interface UnixAddress {
  readonly family: 'unix'
  readonly path: string
}

export type Address = IpAddress | UnixAddress

/** What `socket` calls the family of an address. */
export function domainOf({ family }: Address): number {
  return family === 'unix' ? AF.UNIX : family === 'ip4' ? AF.INET : AF.INET6
}

/** An address as text: `127.0.0.1:80`, `[::1]:80`, `unix:/run/x`, `unix:@abstract`. */
export function addressText(address: Address): string {
  switch (address.family) {
    case 'ip4':
      return `${address.address}:${address.port}`
    case 'ip6': {
      const scope = address.scope === undefined || address.scope === 0 ? '' : `%${address.scope}`
      return `[${address.address}${scope}]:${address.port}`
    }
    case 'unix':
      return address.path === '' ? 'unix:(unnamed)' : `unix:${address.path.replace('\0', '@')}`
  }
}

/** Writes an address for the kernel, and returns how many bytes it has. RangeError for what is none. */
export function encodeAddress(address: Address, { view, bytes }: Memory): number {
  bytes.fill(0, 0, ADDRESS_BYTES)
  view.setUint16(0, domainOf(address), true)
  if (address.family === 'unix') return encodePath(address.path, bytes)
  const { port } = address
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new RangeError(`a port is a number from 0 to 65535, not ${port}`)
  }
  // Network byte order.
  view.setUint16(sockaddr_in.offsets.port, port)
  if (address.family === 'ip4') {
    if (!isIPv4(address.address)) throw new RangeError(`no IPv4 address: ${address.address}`)
    bytes.set(address.address.split('.').map(Number), sockaddr_in.offsets.addr)
    return sockaddr_in.size
  }
  const { scope = 0, flow = 0 } = address
  if (!isIPv6(address.address) || address.address.includes('%')) {
    throw new RangeError(`no IPv6 address: ${address.address}`)
  }
  view.setUint32(sockaddr_in6.offsets.flowinfo, flow)
  for (const [i, group] of groupsOf(address.address).entries()) {
    view.setUint16(sockaddr_in6.offsets.addr + 2 * i, group)
  }
  view.setUint32(sockaddr_in6.offsets.scope_id, scope, true)
  return sockaddr_in6.size
}

/** Reads an address that the kernel has written. A family that is none of ours is an unnamed one. */
export function decodeAddress({ view, bytes }: Memory, length: number): Address {
  const family = length >= 2 ? view.getUint16(0, true) : AF.UNIX
  const port = view.getUint16(sockaddr_in.offsets.port)
  const { addr } = sockaddr_in.offsets
  if (family === AF.INET) return { family: 'ip4', address: bytes.subarray(addr, addr + 4).join('.'), port }
  if (family === AF.INET6) {
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(sockaddr_in6.offsets.addr + 2 * i))
    const text = groups.map((group) => group.toString(16)).join(':')
    const { address } = new SocketAddress({ family: 'ipv6', address: text })
    const flow = view.getUint32(sockaddr_in6.offsets.flowinfo)
    const scope = view.getUint32(sockaddr_in6.offsets.scope_id, true)
    return {
      family: 'ip6',
      address,
      port,
      ...(scope === 0 ? {} : { scope }),
      ...(flow === 0 ? {} : { flow }),
    }
  }
  return { family: 'unix', path: family === AF.UNIX ? decodePath(bytes, length) : '' }
}

function encodePath(path: string, bytes: Uint8Array): number {
  const { offsets, size } = sockaddr_un
  const name = Buffer.from(path)
  const isAbstract = name[0] === 0
  // A path ends with a zero byte, which an abstract name does without.
  const length = offsets.path + name.length + (isAbstract ? 0 : 1)
  if (name.length === 0 || length > size) {
    throw new RangeError(`a unix path has 1 to ${size - offsets.path - 1} bytes, not ${name.length}: ${path}`)
  }
  if (!isAbstract && name.includes(0)) throw new RangeError('a unix path has no zero byte in it')
  bytes.set(name, offsets.path)
  return length
}

function decodePath(bytes: Uint8Array, length: number): string {
  const name = Buffer.from(bytes.subarray(sockaddr_un.offsets.path, Math.min(length, bytes.length)))
  const isAbstract = name[0] === 0
  const end = isAbstract ? -1 : name.indexOf(0)
  return name.toString('utf8', 0, end < 0 ? name.length : end)
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const [before, after] = [groupsIn(head), groupsIn(tail ?? '')]
  const gap = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: gap }, () => 0), ...after]
}

function groupsIn(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
