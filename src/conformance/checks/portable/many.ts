import {
  eventfd,
  openPoller,
  pollerAdd,
  pollerModify,
  pollerRemove,
  pollerWait,
  signal,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'

/** Past the limits that are found in the wild: 64 handles of Windows, a byte for an index, a table of fixed size. */
const COUNT = 300

/** Those that become ready: the first and last ones, and those on either side of the limits. */
const READY = [1, 63, 64, 128, 255, 256, 299]

/** Those that are removed for a while, some of which are ready. */
const isRemoved = (index: number): boolean => index % 4 === 0

const indexes = Array.from({ length: COUNT }, (_, index) => index)
const tokenOf = (index: number): string => String(index)
const newTokenOf = (index: number): string => String(isRemoved(index) ? 1000 + index : index)
const readable = (token: string): { token: string; is: string } => ({ token, is: 'READABLE' })
const room = { capacity: COUNT }

/** Registrations in a number that small tables do not hold. */
export const many: Check = portableCheck({
  id: 'poller.many',
  statement: `Of ${COUNT} descriptors just those that are ready are reported, also after every fourth was removed, and added again.`,
  source: 'select(2) and WaitForMultipleObjects (64 at most); mojito-sys#162 (a hash table); WASIX',
  bugs: ['mojito-sys#162: a hash table of descriptors without tombstones lost events or hung'],
  differs: 'select and WaitForMultipleObjects of Windows take 64 handles at most.',
  descriptors: COUNT + 8,
  steps: [
    openPoller('p'),
    ...indexes.flatMap((i) => [eventfd(`e${i}`), pollerAdd('p', `e${i}`, 'READ', tokenOf(i))]),
    pollerWait('p', [], room),
    ...READY.map((i) => signal(`e${i}`)),
    pollerWait(
      'p',
      READY.map((i) => readable(tokenOf(i))),
      room,
    ),
    ...indexes.filter(isRemoved).map((i) => pollerRemove('p', `e${i}`)),
    pollerWait(
      'p',
      READY.filter((i) => !isRemoved(i)).map((i) => readable(tokenOf(i))),
      room,
    ),
    ...indexes.filter(isRemoved).map((i) => pollerAdd('p', `e${i}`, 'READ', newTokenOf(i))),
    pollerWait(
      'p',
      READY.map((i) => readable(newTokenOf(i))),
      room,
    ),
    ...READY.slice(1).map((i) => pollerModify('p', `e${i}`, 'WRITE', newTokenOf(i))),
    pollerWait(
      'p',
      READY.map((i, at) => ({ token: newTokenOf(i), is: at === 0 ? 'READABLE' : 'WRITABLE' })),
      room,
    ),
  ],
})
