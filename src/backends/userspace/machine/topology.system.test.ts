import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EFD, EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName, openLibc, sys } from '../../../libc/libc.ts'
import type { Libc } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { createWorld } from '../world.ts'

const machine = openLibc()
const event = new Memory(layouts.epoll_event.size)
event.view.setUint32(0, EPOLL.IN, true)

/** Who watches whom from now on, or no more: descriptors by their place. */
interface Change {
  readonly outer: number
  readonly inner: number
  readonly removes: boolean
}

/** So many instances and then counters, and what each change gave. */
function changes(
  libc: Libc,
  instances: number,
  counters: number,
  all: readonly Change[],
): (number | string)[] {
  const fds = [
    ...Array.from({ length: instances }, () => sys(libc, 'epoll_create1', 0)),
    ...Array.from({ length: counters }, () => sys(libc, 'eventfd', 0, EFD.NONBLOCK)),
  ]
  try {
    return all.map(({ outer, inner, removes }) => {
      const op = removes ? EPOLL_CTL.DEL : EPOLL_CTL.ADD
      const result = libc.fn.epoll_ctl(fds[outer] ?? -1, op, fds[inner] ?? -1, event.address)
      return result === -1 ? errnoName(libc.errno()) : result
    })
  } finally {
    for (const fd of fds) libc.fn.close(fd)
  }
}

const INSTANCES = 9
const COUNTERS = 2

test('which instances may watch which is as on the kernel', () => {
  const seen = new Set<number | string>()
  const world = createWorld(machine)
  const change = fc.record<Change>({
    outer: fc.nat(INSTANCES - 1),
    inner: fc.nat(INSTANCES + COUNTERS - 1),
    removes: fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 0),
  })
  fc.assert(
    fc.property(fc.array(change, { minLength: 40, maxLength: 150, size: 'max' }), (all) => {
      const ours = changes(world, INSTANCES, COUNTERS, all)
      expect(ours).toEqual(changes(machine, INSTANCES, COUNTERS, all))
      for (const one of ours) seen.add(one)
    }),
    { numRuns: 300, seed: 1 },
  )
  expect(seen).toEqual(new Set([0, 'EEXIST', 'EINVAL', 'ELOOP', 'ENOENT']))
})

/** Layers of instances, each of which watches all of the next layer; and last a counter that the lowest watch. */
function net(layers: number, width: number): Change[] {
  const number = (layer: number, i: number): number => layer * width + i
  const indices = [...Array(width).keys()]
  const between = [...Array(layers - 1).keys()].flatMap((layer) =>
    indices.flatMap((a) =>
      indices.map((b) => ({ outer: number(layer, a), inner: number(layer + 1, b), removes: false })),
    ),
  )
  const bottom = indices.map((i) => ({
    outer: number(layers - 1, i),
    inner: layers * width,
    removes: false,
  }))
  return [...between, ...bottom]
}

test.each([
  [2, 20],
  [3, 6],
  [4, 4],
  [5, 3],
  [5, 2],
  [6, 1],
])('%i layers of %i instances: as many ways up as the kernel allows', (layers, width) => {
  const all = net(layers, width)
  const ours = changes(createWorld(machine), layers * width, 1, all)
  expect(ours).toEqual(changes(machine, layers * width, 1, all))
})

test('a wide net of instances is looked through once, and not by every way through it', () => {
  const all = net(5, 30)
  const results = changes(createWorld(machine), 150, 1, all.slice(0, -30))
  expect(new Set(results)).toEqual(new Set([0]))
})
