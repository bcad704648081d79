import { spawn, spawnSync } from 'node:child_process'
import { SIG, SIG_BLOCK, SIG_SETMASK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { scratch } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { signalsIn } from '../../../libc/signals.ts'
import { blocked, close, join, pipe, thread, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { WOKEN } from '../../patience.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'
import { endProcess, fork, reap } from '../../steps/processes.ts'
import { blockSignals } from '../../steps/sources.ts'
import { race } from '../../threads/race.ts'
import { dispose } from '../../waits/handler.ts'

const exit = kev('PROC', 'child', 'ADD', { fflags: 'EXIT' })

/** How a process ends that was killed with SIGKILL, as waitpid has it. */
const killed = told('PROC', 'child', { state: 'EOF', data: 9 })

/** EVFILT_PROC and EVFILT_SIGNAL. */
export const processes: readonly Check[] = [
  kqueueCheck({
    id: 'kq.proc.exit',
    statement:
      'The exit of a process is reported once, with its status; blocked or not, and also of one that has ended already.',
    kind: 'thread',
    source: 'kqueue(2), EVFILT_PROC; libkqueue',
    differs: 'macOS gives the status only where NOTE_EXITSTATUS asks for it.',
    bugs: ['libuv#3506: on OpenBSD an exit was missed'],
    threads: 1,
    steps: [
      kqueue('kq'),
      fork('child'),
      change('kq', exit),
      events('kq', []),
      thread('waiter', events('kq', [killed], WOKEN)),
      blocked('waiter'),
      endProcess('child'),
      join('waiter'),
      events('kq', []),
      // It is one-shot, whether or not that was asked for.
      change('kq', kev('PROC', 'child', 'DELETE'), 'ENOENT'),
      reap('child'),
      fork('child'),
      endProcess('child'),
      change('kq', exit),
      events('kq', [killed], WOKEN),
      reap('child'),
      change('kq', kev('PROC', 99_999_999, 'ADD', { fflags: 'EXIT' }), 'ESRCH'),
    ],
  }),
  kqueueCheck({
    id: 'kq.proc.fork-exec',
    statement:
      'NOTE_FORK and NOTE_EXEC tell when a process has forked, and when it has become another program.',
    level: 'de-facto',
    kind: 'thread',
    source: 'kqueue(2), EVFILT_PROC; FreeBSD and NetBSD tests',
    differs: 'libkqueue tells of exits only, as its BUGS file says.',
    run: expectForkAndExec,
  }),
  ...(
    [
      ['', 'that the process ignores', (machine) => dispose(machine, SIG.URG, { action: 'ignore' })],
      ['.blocked', 'that are blocked', (machine) => machine.run(blockSignals('URG'))],
      ['.handler', 'that have a handler', (machine) => dispose(machine, SIG.URG, { action: 'handler' })],
    ] satisfies readonly (readonly [string, string, (machine: Machine) => void])[]
  ).map(([suffix, which, prepare]) =>
    kqueueCheck({
      id: `kq.signal.counts${suffix}`,
      statement: `EVFILT_SIGNAL tells of signals ${which}, each time that one is sent to the process.`,
      kind: 'thread',
      source:
        'kqueue(2): "the EVFILT_SIGNAL filter will record all attempts to deliver a signal to a process, even if the signal has been marked as SIG_IGN"',
      run(machine) {
        keepMask(machine)
        prepare(machine)
        machine.run(kqueue('kq'), change('kq', kev('SIGNAL', SIG.URG, 'ADD')), events('kq', []))
        for (let i = 0; i < 3; i++) {
          machine.begin('send SIGURG to this process')
          process.kill(process.pid, SIG.URG)
          machine.run(events('kq', [told('SIGNAL', SIG.URG, { data: 1 })], { timeoutMs: 1000 }))
        }
        machine.run(events('kq', []), change('kq', kev('SIGNAL', SIG.URG, 'DELETE')))
      },
    }),
  ),
  kqueueCheck({
    id: 'kq.signal.counts.burst',
    statement:
      'The data of an EVFILT_SIGNAL event is how many signals came: of three that are sent at once none is lost.',
    kind: 'thread',
    source: 'kqueue(2): "data contains the number of times the signal has occurred"',
    run(machine) {
      keepMask(machine)
      dispose(machine, SIG.URG, { action: 'ignore' })
      machine.run(kqueue('kq'), change('kq', kev('SIGNAL', SIG.URG, 'ADD')))
      expectCounted(machine, 3)
    },
  }),
  kqueueCheck({
    id: 'kq.signal.mask',
    statement:
      'Watching a signal changes nothing of it: what is blocked is as it was, meanwhile and afterwards.',
    kind: 'thread',
    level: 'de-facto',
    source: 'kqueue(2): "this coexists with the signal() and sigaction() facilities"',
    why: 'A signal that is left blocked is blocked in every program that is started from then on.',
    run(machine) {
      keepMask(machine)
      const before = blockedSignals(machine)
      machine.run(kqueue('kq'), change('kq', kev('SIGNAL', SIG.URG, 'ADD')))
      machine.begin('compare the signal mask')
      machine.expect(blockedSignals(machine), before, 'blocked signals while one is watched')
      machine.run(change('kq', kev('SIGNAL', SIG.URG, 'DELETE')), close('kq'))
      machine.begin('compare the signal mask')
      machine.expect(blockedSignals(machine), before, 'blocked signals afterwards')
    },
  }),
  kqueueCheck({
    id: 'kq.signal.in-nested-kq',
    statement: 'A kqueue within another never misses a signal.',
    kind: 'race',
    source: 'epoll-shim#32',
    bugs: ['jiixyj/epoll-shim#32: on FreeBSD the outer kqueue sometimes slept on'],
    run(machine) {
      machine.run(requireSystem('a race of EVFILT_SIGNAL in a kqueue within another', 'freebsd', 'freebsd11'))
      dispose(machine, SIG.URG, { action: 'ignore' })
      machine.run(
        kqueue('in'),
        kqueue('kq'),
        change('in', kev('SIGNAL', SIG.URG, 'ADD')),
        change('kq', kev('READ', 'in', 'ADD|CLEAR')),
      )
      const outer = new KeventCall(machine, 'kq', [], { room: 1, timeoutMs: WOKEN.timeoutMs })
      const inner = new KeventCall(machine, 'in', [], { room: 1 })
      machine.begin('send SIGURG, wait in the outer kqueue, take it from the inner one')
      race(machine, (round) => {
        process.kill(process.pid, SIG.URG)
        machine.expect(outer.events().length, 1, `events of the outer kqueue in round ${round}`)
        machine.expect(inner.events().length, 1, `events of the inner kqueue in round ${round}`)
      })
    },
  }),
]

/** Gives this thread its signal mask back when the check ends: some kqueues change it. */
function keepMask(machine: Machine): void {
  const before = scratch(layouts.sigset.size)
  machine.libc.fn.pthread_sigmask(SIG_BLOCK, NULL, before.address)
  machine.cleanups.push(() => machine.libc.fn.pthread_sigmask(SIG_SETMASK, before.address, NULL))
}

/** The signals that are blocked in this thread, by their numbers. */
function blockedSignals(machine: Machine): string {
  const now = scratch(layouts.sigset.size)
  machine.libc.fn.pthread_sigmask(SIG_BLOCK, NULL, now.address)
  return signalsIn(now).join(', ') || 'none'
}

/** Sends signals one after another, and fails unless as many are counted, in however many events. */
function expectCounted(machine: Machine, count: number): void {
  machine.begin(`send SIGURG ${count} times to this process, and wait until it is counted`)
  const call = new KeventCall(machine, 'kq', [], { room: 1, timeoutMs: 1000 })
  for (let i = 0; i < count; i++) process.kill(process.pid, SIG.URG)
  let counted = 0
  for (let i = 0; i < count && counted < count; i++) {
    const [event] = call.events()
    if (event === undefined) break
    counted += Number(event.data)
  }
  if (counted !== count) throw new Failure(`${count} signals are counted`, `${counted} are counted`)
}

/** This process forks, and a shell that it has started becomes another program. */
function expectForkAndExec(machine: Machine): void {
  machine.run(
    requireSystem('NOTE_FORK and NOTE_EXEC', 'freebsd', 'freebsd11', 'netbsd', 'openbsd', 'macos'),
    kqueue('kq'),
    change('kq', kev('PROC', process.pid, 'ADD|CLEAR', { fflags: 'FORK' })),
    events('kq', []),
  )
  spawnSync('true')
  machine.run(events('kq', [told('PROC', process.pid, { fflags: 'FORK' })], WOKEN), pipe('r', 'w', 0))
  const shell = spawn('sh', ['-c', 'read line; exec sleep 10'], {
    stdio: [machine.fd('r'), 'ignore', 'ignore'],
  })
  const pid = shell.pid ?? 0
  machine.cleanups.push(() => {
    process.kill(pid, 'SIGKILL')
    machine.libc.fn.waitpid(pid, NULL, 0)
  })
  machine.run(
    change('kq', kev('PROC', pid, 'ADD|CLEAR', { fflags: 'EXEC' })),
    events('kq', []),
    write('w', 1),
    close('w'),
    events('kq', [told('PROC', pid, { fflags: 'EXEC' })], WOKEN),
  )
}
