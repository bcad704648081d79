/** Steps that speak epoll as C does. */
import { EPOLL_CLOEXEC, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { formatMask, parseMask } from '../../masks.ts'
import type { Observation, ObservedEvent } from '../observation.ts'
import type { Player } from '../player.ts'
import { MOST_EVENTS } from '../limits.ts'
import type { Steps } from './index.ts'

const EVENT = layouts.epoll_event

/** What is written where an event has no business. */
const UNTOUCHED = 0xa5

/** A wait that something else has ended is made again, but not for ever: an epoll may be wrong. */
const MOST_INTERRUPTIONS = 3

const events = new Memory((MOST_EVENTS + 1) * EVENT.size)

export const epollSteps: Steps<'epoll' | 'epoll_ctl' | 'epoll_wait'> = {
  epoll: (player, { as }) => player.place(player.libc.fn.epoll_create1(EPOLL_CLOEXEC), as),
  epoll_ctl(player, { ep, command, fd, events: mask = '0', label }) {
    const { small } = player
    small.view.setUint32(EVENT.offsets.events, parseMask(mask), true)
    small.view.setBigUint64(EVENT.offsets.data, player.labels.data(label ?? String(fd)), true)
    const { fn } = player.libc
    return player.result(fn.epoll_ctl(player.fd(ep), EPOLL_CTL[command], player.fd(fd), small.address))
  },
  epoll_wait(player, { ep, max = MOST_EVENTS, timeoutMs = 0 }) {
    const { fn } = player.libc
    let count = -1
    for (let left = MOST_INTERRUPTIONS; left > 0; left--) {
      events.bytes.fill(UNTOUCHED)
      count = fn.epoll_wait(player.fd(ep), events.address, max, Math.ceil(timeoutMs))
      if (count !== -1 || errnoName(player.libc.errno()) !== 'EINTR') break
    }
    return count === -1 ? player.result(count) : reported(player, count, max)
  },
}

function reported(player: Player, count: number, max: number): Observation {
  const { view, bytes } = events
  const shown = Math.min(count, MOST_EVENTS)
  const found: ObservedEvent[] = []
  for (let i = 0; i < shown; i++) {
    const at = i * EVENT.size
    const label = player.labels.label(view.getBigUint64(at + EVENT.offsets.data, true))
    found.push([label, formatMask(view.getUint32(at + EVENT.offsets.events, true))])
  }
  if (count < 0 || count > Math.max(0, max)) return { events: found, wrong: `returned ${count}` }
  // The first byte behind them tells: who writes there at all begins with it.
  const behind = bytes.subarray(shown * EVENT.size).some((byte) => byte !== UNTOUCHED)
  return behind ? { events: found, wrong: 'wrote behind them' } : { events: found }
}
