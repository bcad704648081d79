import { EPOLL, EPOLL_CTL, F } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { epoll, eventfd, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer } from '../../operations/events.ts'

const FEW = 8
const MANY = 600

/** The quickest of so many batches of so many waits counts: a machine under load makes any of them slow. */
const BATCHES = 20
const WAITS = 20

/** What a wait may cost more with 75 times as many entries: caches and noise, but no walk through all of them. */
const MOST_RATIO = 6

export const scale: Check = epollCheck({
  id: 'emu.wait-cost-scales',
  statement: `A wait costs about as much with ${MANY} entries as with ${FEW}, if one of them is ready.`,
  level: 'quirk',
  kind: 'time',
  source: 'rcore-os/tgoskits#2433',
  bugs: ['rcore-os/tgoskits#2433: every wait looked at every entry, 500 µs for 1,020 of them'],
  descriptors: MANY + 16,
  run(machine) {
    machine.run(eventfd('ready', 1), eventfd('idle'), epoll('ep'))
    register(machine, 'ready', 1)
    register(machine, 'idle', FEW - 1)
    machine.run(wait('ep', { ready: 'IN' }))
    const few = quickestWaitNs(machine, FEW)
    register(machine, 'idle', MANY - FEW)
    const many = quickestWaitNs(machine, MANY)
    machine.note = `${Math.round(few)} ns with ${FEW} entries, ${Math.round(many)} ns with ${MANY}, the call itself included`
    if (many > few * MOST_RATIO) {
      throw new Failure(
        `at most ${MOST_RATIO} times as long with ${MANY} entries as with ${FEW}`,
        machine.note,
      )
    }
  },
})

/** Adds duplicates of a descriptor, which are entries of their own. Raw calls: there are hundreds of them. */
function register(machine: Machine, fd: string, count: number): void {
  machine.begin(`add ${count} duplicates of ${fd} to ep`)
  const event = encodeEvent(EPOLL.IN, machine.labels.data(fd))
  for (let i = 0; i < count; i++) {
    const duplicate = sys(machine.libc, 'fcntl', machine.fd(fd), F.DUPFD_CLOEXEC, 0)
    machine.bind(`${fd} ${duplicate}`, duplicate)
    underTest(machine, 'epoll_ctl', machine.fd('ep'), EPOLL_CTL.ADD, duplicate, event.address)
  }
}

/** What a wait that finds one event takes at best. */
function quickestWaitNs(machine: Machine, entries: number): number {
  machine.begin(`epoll_wait with ${entries} entries, one of them ready, again and again`)
  const event = eventBuffer(1)
  const ep = machine.fd('ep')
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < WAITS; i++) {
      machine.expect(underTest(machine, 'epoll_wait', ep, event.address, 1, 0), 1, 'epoll_wait gives')
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / WAITS)
  }
  return best
}
