/** The programs that are explored, the small ones first: each has what one of the machine's rules is there for. */
import { EPOLL } from '../../../libc/constants/linux.ts'
import { add, close, look, modify, remove, signal, take, wait, waitAtRival, waitOutside } from './program.ts'
import type { ExploredProgram } from './program.ts'

const { IN } = EPOLL
const EDGE = IN | EPOLL.ET
const ONCE = IN | EPOLL.ONESHOT
const EXCLUSIVE = IN | EPOLL.EXCLUSIVE

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
    name: 'outer-edge-again',
    about:
      'The outer instance is edge-triggered: it has one for each signal, also while the inner one is drained.',
    sources: [EDGE],
    outer: EDGE,
    threads: { p: [signal(0), signal(0)], c: [waitOutside(), waitOutside()] },
  },
  {
    name: 'put-back',
    about: 'Two level-triggered sources are ready; who takes both meets what another one has put back.',
    sources: [IN, IN],
    ready: [0, 1],
    threads: { c1: [look(2)], c2: [look()] },
  },
  {
    name: 'closed-while-told',
    about:
      'A source is closed for good while it is told of and delivered: its registration goes, and so do its entries.',
    sources: [IN, EDGE],
    ready: [0],
    threads: { p: [signal(0), signal(1)], x: [close(0)], c: [look(2), look()] },
  },
  {
    name: 'exclusive-rival',
    about: 'Two instances watch a source, of which one is to be told: it must be one where somebody waits.',
    sources: [EXCLUSIVE],
    rival: EXCLUSIVE,
    threads: { p: [signal(0)], c: [wait()], r: [waitAtRival()] },
  },
  {
    name: 'rival-alone',
    about: 'The same, where the one that is told first has nobody who waits.',
    sources: [EXCLUSIVE],
    rival: EXCLUSIVE,
    threads: { p: [signal(0), signal(0)], r: [waitAtRival(), waitAtRival()] },
  },
  {
    name: 'oneshot-twice',
    about: 'A oneshot is signalled twice, and two look: one of them has it, and the other one nothing.',
    sources: [ONCE],
    threads: { p: [signal(0), signal(0)], c1: [look()], c2: [look()] },
  },
  {
    name: 'outer-modified',
    about:
      'A registration of the inner instance is modified while somebody waits outside and another one takes from it.',
    sources: [EDGE],
    ready: [0],
    outer: EDGE,
    threads: { m: [modify(0, IN)], c1: [look()], c2: [waitOutside()] },
  },
  {
    name: 'outer-edge-taken',
    about:
      'One takes from the inner instance while an edge comes; another waits outside, and must be told of it.',
    sources: [EDGE],
    ready: [0],
    outer: IN,
    threads: { p: [signal(0)], c1: [look()], c2: [waitOutside()] },
  },
  {
    name: 'modified-while-delivered',
    about: 'A registration is modified while its entry is on the way to a consumer.',
    sources: [EDGE],
    threads: { p: [signal(0)], m: [modify(0, EDGE)], c1: [look()], c2: [look()] },
  },
  {
    name: 'outer-added-again',
    about:
      'A registration of the inner instance is removed and added anew while it is told of and waited for outside.',
    sources: [IN],
    outer: IN,
    threads: { p: [signal(0)], m: [remove(0), add(0, EDGE)], c: [waitOutside()] },
  },
  {
    name: 'outer-retracted',
    about: 'What the inner instance has is gone when the outer one looks, and comes again meanwhile.',
    sources: [EDGE],
    outer: IN,
    threads: { p1: [signal(0), take(0)], p2: [signal(0)], c: [waitOutside()] },
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
    about:
      'One level-triggered source is signalled twice; one waits for it, and another one looks: who has had it gives it on.',
    sources: [IN],
    threads: { p: [signal(0), signal(0)], c1: [wait()], c2: [look()] },
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
    threads: { p1: [signal(0)], p2: [signal(1)], c1: [wait(), modify(1, ONCE)], c2: [look()] },
  },
]
