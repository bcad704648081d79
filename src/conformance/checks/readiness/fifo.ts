import { O } from '../../../libc/constants/linux.ts'
import { close, drain, write } from '../../build.ts'
import type { StepOf } from '../../steps.ts'
import { directory, mkfifo, open } from '../../steps/files.ts'
import type { ReadinessRow } from './matrix.ts'
import { nothing, readersGone, readWritable, writable, writersGone } from './states.ts'

const FIFO = '@d/fifo'
const create = [directory('d'), mkfifo(FIFO)]

const reader = (as: string): StepOf<'open'> => open(as, FIFO, O.RDONLY)
const writer = (as: string): StepOf<'open'> => open(as, FIFO, O.WRONLY)

export const fifoRows: readonly ReadinessRow[] = [
  {
    id: 'ready.fifo.r-no-writer-yet',
    statement: 'The read end of a FIFO that never had a writer is not ready, and is not at its end.',
    source: 'fifo(7); epoll-shim; libevent',
    create: [...create, reader('r')],
    fd: 'r',
    ...nothing,
  },
  {
    id: 'ready.fifo.r-writer-gone',
    statement: 'The read end of a FIFO whose writer has come and gone reports HUP and not IN.',
    source: 'fifo(7); epoll-shim',
    bugs: ['golang/go#24164: on macOS the end of a FIFO was never reported'],
    create: [...create, reader('r'), writer('w')],
    before: nothing,
    transition: [close('w')],
    fd: 'r',
    ...writersGone,
  },
  {
    id: 'ready.fifo.r-hup-clears',
    statement: 'The HUP of a FIFO goes away when another writer opens it.',
    source: 'epoll-shim',
    differs: 'FreeBSD and macOS keep EV_EOF until the filter is cleared.',
    create: [...create, reader('r'), writer('w'), close('w')],
    before: writersGone,
    transition: [writer('w2')],
    fd: 'r',
    ...nothing,
  },
  {
    id: 'ready.fifo.w-all-readers-gone',
    statement: 'The write end of a FIFO reports OUT and ERR once its last reader has gone.',
    source: 'measured',
    create: [...create, reader('r'), writer('w')],
    before: writable,
    transition: [close('r')],
    fd: 'w',
    ...readersGone,
  },
  {
    id: 'ready.fifo.w-one-reader-left',
    statement: 'The write end of a FIFO does not notice that one of its two readers has gone.',
    source: 'measured',
    create: [...create, reader('r1'), reader('r2'), writer('w')],
    before: writable,
    transition: [close('r1')],
    fd: 'w',
    ...writable,
  },
  {
    id: 'ready.fifo.w-err-clears',
    statement: 'The ERR of a FIFO goes away when another reader opens it.',
    level: 'de-facto',
    source: 'measured',
    create: [...create, reader('r1'), writer('w'), close('r1')],
    before: readersGone,
    transition: [reader('r2')],
    fd: 'w',
    ...writable,
  },
  {
    id: 'ready.fifo.rdwr',
    statement:
      'A FIFO that was opened for both is writable, and readable while it has data; it is its own other end.',
    level: 'de-facto',
    source: 'fifo(7); measured',
    create: [...create, open('rw', FIFO, O.RDWR)],
    fd: 'rw',
    ...writable,
    also: [
      { steps: [write('rw', 1)], fd: 'rw', ...readWritable },
      { steps: [drain('rw')], fd: 'rw', ...writable },
    ],
  },
]
