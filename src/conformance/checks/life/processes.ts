import { existsSync } from 'node:fs'
import { UnsupportedError } from '../../../errors.ts'
import { EFD, EPOLL, EPOLL_CTL, F, P_PID, WEXITED, WNOHANG, WNOWAIT } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import {
  add,
  call,
  close,
  counter,
  del,
  epoll,
  eventfd,
  exitPeer,
  inPeer,
  peer,
  pipe,
  signal,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { waitForEvents } from '../../operations/calls.ts'
import { encodeEvent } from '../../operations/events.ts'
import { awaitCall, canForkCalls, forkCalls } from '../../operations/forked-calls.ts'
import type { ForkedCall } from '../../operations/forked-calls.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { endProcess, fork, reap } from '../../steps/processes.ts'
import { sleepSync } from '../../../sleep.ts'
import { reopen, replace } from './reopen.ts'

/** siginfo_t: 128 bytes, of which the first are 0 where no process has ended. */
const SIGINFO_BYTES = 128

/** Entries whose files are held by another process, and all the ways in which a descriptor is closed. */
export const processes: readonly Check[] = [
  epollCheck({
    id: 'life.fork-keeps-alive',
    statement:
      'A file that the parent closed and a child inherited is still watched, and the parent cannot delete its entry (EBADF); when the child ends, the entry is gone.',
    level: 'de-facto',
    kind: 'thread',
    source: 'epoll(7) Q6; libuv (joyent issue 1099); manticore issue 4057; moonbit async issue 571',
    bugs: ['libuv/libuv#4323, nodejs/node#51875: a stale entry made the loop spin, and could not be deleted'],
    differs: 'kqueue descriptors are not inherited by a fork; user-space epolls mostly break in the child.',
    steps: [
      pipe('f', 'w'),
      eventfd('quiet'),
      epoll('ep'),
      add('ep', 'f', 'IN'),
      fork('child'),
      close('f'),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { f: 'IN' }),
      del('ep', 'f', 'EBADF'),
      // The number is another file's, and the entry still the child's.
      reopen('f', 'quiet', 'again'),
      del('ep', 'again', 'ENOENT'),
      add('ep', 'again', 'IN', { label: 'new' }),
      wait('ep', { f: 'IN' }),
      signal('quiet'),
      wait('ep', { f: 'IN', new: 'IN' }),
      endProcess('child'),
      wait('ep', { new: 'IN' }),
      reap('child'),
      write('w', 1, 'EPIPE'),
      wait('ep', { new: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'life.child-closes',
    statement:
      'What a child closes of what it has inherited stays watched by the parent, the file and the epoll alike.',
    kind: 'thread',
    source: 'epoll(7) Q6: until all descriptors of the open file have been closed',
    why: 'Every program that forks and closes what its child is not to have would lose its events otherwise.',
    differs: 'User-space epolls take a close for the end of the entry, whichever process makes it.',
    run(machine) {
      machine.run(pipe('r', 'w'), eventfd('go', 0, 0), eventfd('done'), epoll('ep'))
      machine.run(add('ep', 'r', 'IN|ET'), add('ep', 'done', 'IN'), epoll('other'), add('other', 'r', 'IN'))
      machine.begin('fork a child that closes what it has inherited')
      requireForkCalls(machine)
      const one = new Memory(8)
      one.view.setBigUint64(0, 1n, true)
      machine.keep(one)
      forkCalls(machine, 'child', [
        { fn: 'close', args: [machine.fd('r')] },
        { fn: 'close', args: [machine.fd('other')] },
        { fn: 'write', args: [machine.fd('done'), one.address, 8] },
        awaitCall(machine, 'go'),
      ])
      machine.run(
        wait('ep', { done: 'IN' }, WOKEN),
        del('ep', 'done'),
        write('w', 1),
        wait('ep', { r: 'IN' }),
        wait('other', { r: 'IN' }),
        signal('go'),
        reap('child'),
        wait('ep', {}),
        wait('other', { r: 'IN' }),
      )
    },
  }),
  epollCheck({
    id: 'life.child-only-fd',
    statement:
      'What a child opens and adds to an epoll that it has inherited is reported to the parent, which has no descriptor for it, and is gone when the child ends.',
    level: 'de-facto',
    kind: 'thread',
    source: 'epoll(7) Q6; measured',
    differs: 'User-space epolls keep their tables in the memory of a process, so that each has its own.',
    run(machine) {
      if (canForkCalls(machine)) addInFork(machine)
      else addInPeer(machine)
    },
  }),
  epollCheck({
    id: 'life.close-range-dup2-exec.close-range',
    statement: 'close_range takes away the entries of all that it closes, and of nothing else.',
    source: 'close_range(2); elfuse issue 146',
    bugs: ['sysprog21/elfuse#146: entries of what close_range had closed were used after they were freed'],
    run(machine) {
      machine.run(epoll('ep'), ...['a', 'b', 'c'].flatMap((fd) => [eventfd(fd, 1), add('ep', fd, 'IN')]))
      for (const [fd, left] of [
        ['b', { a: 'IN', c: 'IN' }],
        ['a', { c: 'IN' }],
        ['c', {}],
      ] as const) {
        closeByRange(machine, fd)
        machine.run(wait('ep', left))
      }
      // These have the same numbers, so that an emulator which keeps something of one forgets it when they are closed.
      machine.run(...['a2', 'b2', 'c2'].flatMap((fd) => [eventfd(fd), add('ep', fd, 'IN')]), wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'life.close-range-dup2-exec.reuse',
    statement:
      'A number that close_range has freed is like any other: a pipe that gets the number of an eventfd takes a byte, which an eventfd would not, and epoll tells of it.',
    source: 'close_range(2); eventfd(2): a write of less than 8 bytes fails with EINVAL; qemu 7.2, measured',
    differs: 'qemu-user keeps how it translates what is written to an eventfd under the number that it had.',
    run(machine) {
      machine.run(epoll('ep'), eventfd('a'), eventfd('b'))
      for (const fd of ['a', 'b']) closeByRange(machine, fd)
      machine.run(pipe('r', 'w'), add('ep', 'r', 'IN'), write('w', 1), wait('ep', { r: 'IN' }))
    },
  }),
  epollCheck({
    id: 'life.close-range-dup2-exec.dup2',
    statement: 'A descriptor that dup2 or dup3 puts another file behind loses its entry, as by a close.',
    source: 'dup2(2); elfuse issue 146',
    steps: [
      eventfd('quiet'),
      epoll('ep'),
      ...['dup2', 'dup3'].flatMap((how) => [
        eventfd(how, 1),
        add('ep', how, 'IN'),
        wait('ep', { [how]: 'IN' }),
        how === 'dup2' ? replace(how, 'quiet') : call('dup3', ['$quiet', `$${how}`, 0], 'ok'),
        wait('ep', {}),
        add('ep', how, 'IN', { label: 'new' }),
        wait('ep', {}),
        del('ep', how),
      ]),
    ],
  }),
  epollCheck({
    id: 'life.close-range-dup2-exec.exec',
    statement:
      'When the child that holds a file executes another program, its close-on-exec descriptors are closed, and with them the entry goes; what is not close-on-exec stays watched.',
    kind: 'thread',
    source: 'execve(2); fcntl(2): FD_CLOEXEC',
    run: closeByExec,
  }),
  epollCheck({
    id: 'life.close-range-dup2-exec.exit',
    statement: 'A child that ends by itself closes what it held, and the entry goes.',
    kind: 'thread',
    source: '_exit(2)',
    run(machine) {
      machine.run(pipe('f', 'w'), eventfd('go', 0, 0), epoll('ep'), add('ep', 'f', 'IN'), write('w', 1))
      machine.begin('fork a child that waits and then ends')
      requireForkCalls(machine)
      forkCalls(machine, 'child', [awaitCall(machine, 'go')])
      machine.run(close('f'), wait('ep', { f: 'IN' }), signal('go'), reap('child'), wait('ep', {}))
    },
  }),
]

function closeByRange(machine: Machine, fd: string): void {
  machine.begin(`close_range(${fd}, ${fd}, 0)`)
  const result = resultOf(machine.libc, 'close_range', machine.fd(fd), machine.fd(fd), 0)
  if (result === 'ENOSYS' || result === 'EPERM') throw new UnsupportedError('close_range', result)
  if (result === 0) machine.forget(fd)
  machine.expect(result, 0, 'close_range')
}

/** The child opens a file, which gets the same number as it would here, and adds it. */
function addInFork(machine: Machine): void {
  machine.run(epoll('ep'), eventfd('go', 0, 0), eventfd('probe'))
  const number = machine.fd('probe')
  machine.run(close('probe'))
  const event = encodeEvent(EPOLL.IN, machine.labels.data('of the child'))
  machine.keep(event)
  machine.begin(`fork a child that makes an eventfd, adds it as ${number} and waits`)
  forkCalls(machine, 'child', [
    { fn: 'eventfd', args: [1, EFD.NONBLOCK] },
    { fn: 'epoll_ctl', args: [machine.fd('ep'), EPOLL_CTL.ADD, number, event.address] },
    awaitCall(machine, 'go'),
  ])
  machine.run(
    wait('ep', { 'of the child': 'IN' }, WOKEN),
    // Here the number is nobody's, and then another file's.
    del('ep', 'probe', 'EBADF'),
    eventfd('ours', 1),
    add('ep', 'ours', 'IN'),
    wait('ep', { 'of the child': 'IN', ours: 'IN' }),
    signal('go'),
    reap('child'),
    wait('ep', { ours: 'IN' }),
  )
}

/** The same with a process that makes steps, which takes longer to start. */
function addInPeer(machine: Machine): void {
  machine.run(
    epoll('ep'),
    peer('child', ['ep']),
    ...inPeer('child', eventfd('theirs', 1), add('ep', 'theirs', 'IN', { label: 'of the child' })),
    wait('ep', { 'of the child': 'IN' }),
    ...inPeer('child', counter('theirs', '1')),
    wait('ep', {}),
    ...inPeer('child', signal('theirs')),
    wait('ep', { 'of the child': 'IN' }),
    exitPeer('child'),
    wait('ep', {}),
  )
}

function closeByExec(machine: Machine): void {
  machine.run(pipe('f', 'w'), pipe('g', 'v'), eventfd('go', 0, 0), epoll('ep'))
  machine.run(add('ep', 'f', 'IN'), add('ep', 'g', 'IN'), write('w', 1), write('v', 1))
  sys(machine.libc, 'fcntl', machine.fd('g'), F.SETFD, 0)
  machine.begin('fork a child that waits and then executes a program')
  requireForkCalls(machine)
  const program = sleepingProgram()
  forkCalls(machine, 'child', [awaitCall(machine, 'go'), program.call])
  machine.run(close('f'), close('g'), wait('ep', { f: 'IN', g: 'IN' }), signal('go'))
  machine.begin('the child executes a program')
  const deadline = performance.now() + LONGEST_WAIT_MS
  let events = ''
  do {
    if (events !== '') sleepSync(0.5)
    events = waitForEvents(machine, 'ep', 8, 0)
      .map(([label]) => label)
      .toSorted()
      .join(', ')
    if (hasEnded(machine, 'child')) throw new UnsupportedError('exec', `${program.path} cannot be executed`)
  } while (events !== 'g' && performance.now() < deadline)
  if (events !== 'g') throw new Failure('only g is watched', `after exec ${events || 'nothing'} is`)
  machine.run(endProcess('child'), wait('ep', {}))
}

function requireForkCalls(machine: Machine): void {
  if (canForkCalls(machine)) return
  throw new UnsupportedError('a fork that makes calls', 'this C library has no makecontext')
}

/** A program that does nothing for longer than a check takes. It is named by memory that must be kept. */
function sleepingProgram(): { readonly path: string; readonly call: ForkedCall; readonly memory: Memory[] } {
  const sleep = ['/bin/sleep', '/usr/bin/sleep'].find((path) => existsSync(path))
  const words = sleep === undefined ? [process.execPath, '-e', 'setTimeout(() => {}, 15e3)'] : [sleep, '15']
  const strings = words.map((word) => cString(word))
  const argv = new Memory(8 * (strings.length + 1))
  for (const [i, string] of strings.entries()) argv.view.setBigUint64(8 * i, BigInt(string.address), true)
  const environment = new Memory(8)
  const path = words[0] ?? ''
  return {
    path,
    call: { fn: 'execve', args: [strings[0]?.address ?? 0, argv.address, environment.address] },
    memory: [...strings, argv, environment],
  }
}

function cString(text: string): Memory {
  const bytes = Buffer.from(`${text}\0`)
  const memory = new Memory(bytes.length)
  memory.bytes.set(bytes)
  return memory
}

/** Whether a process has ended. Its exit is not fetched. */
function hasEnded(machine: Machine, name: string): boolean {
  const info = new Memory(SIGINFO_BYTES)
  const pid = machine.processes.get(name) ?? 0
  sys(machine.libc, 'waitid', P_PID, pid, info.address, WEXITED | WNOWAIT | WNOHANG)
  return info.view.getInt32(0, true) !== 0
}
