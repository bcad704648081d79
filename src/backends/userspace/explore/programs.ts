/** The programs that are explored, the small ones first: each has what one of the machine's rules is there for. */
import { EPOLL } from '../../../libc/constants/linux.ts'
import { add, look, modify, remove, signal, take, wait, waitOutside } from './program.ts'
import type { ExploredProgram } from './program.ts'

const { IN } = EPOLL
const EDGE = IN | EPOLL.ET
const ONCE = IN | EPOLL.ONESHOT

export const programs: readonly ExploredProgram[] = [
  {
    name: 'added-while-ready',
    about: 'A source is signalled while it is being added, and somebody waits already.',
    sources: [undefined],
    threads: { p: [signal(0)], m: [add(0, EDGE)], c: [wait()] },
  },
  {
    name: 'removed-and-added',
    about:
      'A registration is removed and added anew while a producer tells of it and a consumer has its entry.',
    sources: [EDGE],
    threads: { p: [signal(0)], m: [remove(0), add(0, EDGE)], c: [look(), look()] },
  },
  {
    name: 'removed-while-queued',
    about: 'One of two entries is removed while it is in the queue, and two consumers come for what is left.',
    sources: [IN, IN],
    threads: { p: [signal(0), signal(1)], m: [remove(0)], c: [wait(2)] },
  },
  {
    name: 'one-event-is-taken',
    about: 'A source is ready and unready again while somebody waits for it.',
    sources: [EDGE, IN],
    threads: { p1: [signal(0), take(0)], p2: [signal(1)], c: [wait(2)] },
  },
  {
    name: 'modified-to-level',
    about: 'A registration that is edge-triggered becomes level-triggered while it is signalled.',
    sources: [EDGE],
    threads: { p: [signal(0)], m: [modify(0, IN)], c: [wait(), look()] },
  },
  {
    name: 'edge-while-delivered',
    about: 'An edge comes while the one before is being delivered: none is lost, however late it comes.',
    sources: [EDGE],
    threads: { p: [signal(0), signal(0), signal(0)], c: [wait(), look(), look()] },
  },
  {
    name: 'modified-while-delivered',
    about: 'A registration is modified while its entry is on the way to a consumer.',
    sources: [EDGE],
    threads: { p: [signal(0)], m: [modify(0, EDGE)], c1: [look()], c2: [look()] },
  },
  {
    name: 'always-ready',
    about: 'A level-triggered source is ready all the time, and two look: neither may find nothing.',
    sources: [IN],
    ready: [0],
    neverIdle: true,
    threads: { c1: [look(), look()], c2: [look(), look()] },
  },
  {
    name: 'outer-level',
    about: 'An instance is watched by another one; one takes its entry, and another waits outside.',
    sources: [IN],
    outer: IN,
    threads: { p: [signal(0)], c1: [look()], c2: [waitOutside()] },
  },
  {
    name: 'outer-edge',
    about: 'The same, with an edge-triggered source and two signals.',
    sources: [EDGE],
    outer: IN,
    threads: { p: [signal(0), signal(0)], c: [waitOutside()] },
  },
  {
    name: 'two-wakes-for-one',
    about:
      'Two sources are signalled before anybody sleeps: both who wait must be told, or find the other one.',
    sources: [EDGE, EDGE],
    threads: { p: [signal(0), signal(1)], c1: [wait()], c2: [wait()] },
  },
  {
    name: 'oneshot-rearmed',
    about: 'A oneshot is delivered to one of two, and re-armed while it is ready and signalled.',
    sources: [ONCE],
    threads: { p: [signal(0), signal(0)], c1: [wait(), modify(0, ONCE)], c2: [look()] },
  },
  {
    name: 'two-by-two-edge',
    about: 'Two producers signal one edge-triggered source, and two consumers wait.',
    sources: [EDGE],
    threads: { p1: [signal(0)], p2: [signal(0)], c1: [wait()], c2: [look()] },
  },
  {
    name: 'level-again',
    about: 'One level-triggered source is signalled twice; who has had it gives it on to the other.',
    sources: [IN],
    threads: { p: [signal(0), signal(0)], c1: [wait(2)], c2: [wait(2)] },
  },
  {
    name: 'two-by-two-level',
    about: 'Two producers signal two level-triggered sources, and two consumers wait for one event each.',
    sources: [IN, IN],
    threads: { p1: [signal(0)], p2: [signal(1)], c1: [wait()], c2: [wait()] },
  },
  {
    name: 'producers-and-consumers',
    about: 'Two producers and two consumers, one of which re-arms, over an edge and a oneshot.',
    sources: [EDGE, ONCE],
    threads: { p1: [signal(0)], p2: [signal(1)], c1: [wait(2)], c2: [look(), modify(1, ONCE)] },
  },
]
