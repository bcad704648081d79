/** Errors that wait in a socket: how they are told, and what makes them go away. */
import {
  call,
  close,
  read,
  recvOob,
  reset,
  sendOob,
  settle,
  settleSent,
  socketpair,
  soError,
  tcp,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import { inquiryOf } from './inquiry.ts'
import { FULL_MASK } from './matrix.ts'
import { failed, hungUp, readWritable, writable } from './states.ts'

export const socketErrors: readonly Check[] = [
  classicCheck({
    id: 'ready.so-error-clears.tcp',
    statement: 'Reading SO_ERROR takes ERR away from a TCP socket that was reset, and leaves HUP.',
    source: 'socket(7); google/gvisor#6666; Miri',
    bugs: ['google/gvisor#6666: ERR stays when SO_ERROR was read'],
    steps: (backend) => {
      const [all, none] = [FULL_MASK, '0'].map((mask) => inquiryOf(backend, ['s'], mask))
      if (all === undefined || none === undefined) return []
      const asked = (state: typeof failed) => [
        all.ask({ fd: 's', ...state }),
        none.ask({ fd: 's', ...state }),
      ]
      return [
        tcp('c', 's'),
        ...all.watch,
        ...none.watch,
        reset('c'),
        settle('s', 'CLOSE'),
        ...asked(failed),
        ...asked(failed),
        soError('s', 'ECONNRESET'),
        ...asked(hungUp),
        soError('s', '0'),
        read('s', 1, 0),
        ...asked(hungUp),
      ]
    },
  }),
  classicCheck({
    id: 'ready.so-error-clears.read',
    statement: 'A read that gets the error of a unix socket takes ERR away like SO_ERROR, and leaves HUP.',
    source: 'unix(7); Miri epollerr',
    bugs: ['rust-lang/miri#3816: no ERR'],
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['a'], FULL_MASK)
      return [
        socketpair('a', 'b'),
        write('a', 1),
        ...watch,
        close('b'),
        ask({ fd: 'a', ...failed }),
        read('a', 1, 'ECONNRESET'),
        ask({ fd: 'a', ...hungUp }),
        soError('a', '0'),
        read('a', 1, 0),
      ]
    },
  }),
  classicCheck({
    id: 'ready.data-before-error',
    statement: 'Data that arrived before a reset can still be read, and is followed by ECONNRESET.',
    level: 'quirk',
    source: 'gVisor; measured',
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['s'], FULL_MASK)
      return [
        tcp('c', 's'),
        ...watch,
        write('c', 1),
        settleSent('c'),
        reset('c'),
        settle('s', 'CLOSE'),
        ask({ fd: 's', ...failed }),
        read('s', 8, 1),
        ask({ fd: 's', ...failed }),
        read('s', 8, 'ECONNRESET'),
        ask({ fd: 's', ...hungUp }),
        read('s', 8, 0),
      ]
    },
  }),
  classicCheck({
    id: 'ready.unix-oob-phantom-in',
    statement:
      'A unix stream socket whose urgent byte was received says IN until a read has found nothing to read.',
    level: 'quirk',
    source: 'Linux 6.18; measured',
    why: 'A program that reads only where IN was reported must still live with EAGAIN.',
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['a'], FULL_MASK)
      return [
        socketpair('a', 'b'),
        ...watch,
        sendOob('b'),
        recvOob('a'),
        ask({ fd: 'a', ...readWritable }),
        call('recv', ['$a', { bytes: 8 }, 8, 0], 'EAGAIN'),
        ask({ fd: 'a', ...writable }),
      ]
    },
  }),
]
