import { O } from '../../../libc/constants/linux.ts'
import { add, close, drain, epoll, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { directory, mkfifo, open } from '../../steps/files.ts'

export const fifo: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.fifo-reopen',
    statement:
      'A FIFO reports HUP when its writer closes, nothing when another opens it, and IN when that one writes.',
    level: 'de-facto',
    source: 'epoll-shim; fifo(7)',
    bugs: ['golang/go#24164, oven-sh/bun#37823, #40099: macOS never reports the end of a FIFO'],
    differs:
      'On Linux a new writer clears HUP. FreeBSD and macOS need the entry to be armed anew, and macOS may report nothing at all.',
    steps: [
      directory('d'),
      mkfifo('@d/fifo'),
      open('r', '@d/fifo', O.RDONLY),
      open('w1', '@d/fifo', O.WRONLY),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      wait('ep', {}),
      write('w1', 1),
      wait('ep', { r: 'IN' }),
      drain('r'),
      close('w1'),
      wait('ep', { r: 'HUP' }),
      wait('ep', {}),
      open('w2', '@d/fifo', O.WRONLY),
      wait('ep', {}),
      write('w2', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      close('w2'),
      wait('ep', { r: 'IN|HUP' }),
      wait('ep', {}),
    ],
  }),
]
