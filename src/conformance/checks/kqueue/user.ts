import { blocked, join, thread } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { PROMPT_MS } from '../../patience.ts'
import { change, events, kev, kevent, kqueue, requireSystem, told } from '../../steps/kevents.ts'

const note = (fflags: string, ident = 7) => kev('USER', ident, '', { fflags })
const trigger = note('TRIGGER')

/** EVFILT_USER: events that a program makes itself, to wake its own loop. */
export const user: readonly Check[] = [
  kqueueCheck({
    id: 'kq.user.trigger',
    statement: 'NOTE_TRIGGER makes one event; it comes again and again, or once with EV_CLEAR.',
    source: 'kqueue(2), EVFILT_USER; libkqueue',
    bugs: ['nanomsg/nng#575: a wake-up without EV_CLEAR kept a CPU busy', 'ziglang/zig#3251: the same'],
    steps: [
      kqueue('kq'),
      change('kq', [kev('USER', 7, 'ADD|CLEAR'), kev('USER', 8, 'ADD')]),
      events('kq', []),
      change('kq', [trigger, note('TRIGGER', 8)]),
      events('kq', [told('USER', 7), told('USER', 8)]),
      events('kq', [told('USER', 8)]),
      events('kq', [told('USER', 8)]),
      change('kq', trigger),
      events('kq', [told('USER', 7), told('USER', 8)]),
      change('kq', kev('USER', 8, 'DELETE')),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.coalesce',
    statement: 'Triggered three times before it is retrieved, a user event is one event.',
    source: 'libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      change('kq', [trigger, trigger, trigger]),
      events('kq', [told('USER', 7)]),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.ffcopy-ffand-ffor-ffnop',
    statement:
      'NOTE_FFCOPY, FFAND, FFOR and FFNOP set, mask, add to and leave the flags that a user event carries.',
    source: 'kqueue(2), EVFILT_USER; libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      change('kq', [note('FFCOPY|0xf'), note('TRIGGER|FFAND|0xc')]),
      events('kq', [told('USER', 7, { fflags: '0xc' })]),
      change('kq', [note('FFCOPY|0x1'), note('TRIGGER|FFOR|0x6')]),
      events('kq', [told('USER', 7, { fflags: '0x7' })]),
      change('kq', note('TRIGGER|FFCOPY|0xbb')),
      events('kq', [told('USER', 7, { fflags: '0xbb' })]),
      change('kq', [note('FFCOPY|0x42'), note('TRIGGER|FFNOP|0xff')]),
      events('kq', [told('USER', 7, { fflags: '0x42' })]),
      change('kq', trigger),
      events('kq', [told('USER', 7, { fflags: '0x42' })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.ffor-accumulates',
    statement: 'The flags that three triggers add are all there in the one event.',
    source: 'libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      ...['0x1', '0x2', '0x4'].map((bit) => change('kq', note(`TRIGGER|FFOR|${bit}`))),
      events('kq', [told('USER', 7, { fflags: '0x7' })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.lflags-mask',
    statement: 'A user event carries 24 flags, and never those that control it.',
    source: 'kqueue(2), NOTE_FFLAGSMASK; libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      change('kq', note('TRIGGER|FFCOPY|0xffffff')),
      events('kq', [told('USER', 7, { fflags: '0xffffff' })]),
      change('kq', note('TRIGGER|FFCOPY|0x3e000000')),
      events('kq', [told('USER', 7, { fflags: '' })]),
      change('kq', note('TRIGGER|FFOR|0x1')),
      events('kq', [told('USER', 7, { fflags: '0x1' })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.per-kq',
    statement: 'User events of the same number in two kqueues have nothing to do with each other.',
    source: 'libkqueue',
    steps: [
      kqueue('kq'),
      kqueue('kq2'),
      change('kq', kev('USER', 7, 'ADD|CLEAR', { label: 'one' })),
      change('kq2', kev('USER', 7, 'ADD|CLEAR', { label: 'two' })),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER', label: 'one' })),
      events('kq2', []),
      events('kq', [told('USER', 7, { label: 'one' })]),
      change('kq2', kev('USER', 7, '', { fflags: 'TRIGGER', label: 'two' })),
      change('kq', kev('USER', 7, 'DELETE')),
      events('kq', []),
      events('kq2', [told('USER', 7, { label: 'two' })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.cross-thread',
    statement: 'A trigger wakes a thread that is blocked in kevent, at once and not when its time is over.',
    kind: 'thread',
    source: 'libkqueue; msquic#2973',
    bugs: ['microsoft/msquic#2973: with libkqueue a thread was not woken by the trigger of another'],
    threads: 1,
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      ...[1, 2, 3].flatMap(() => [
        thread('waiter', events('kq', [told('USER', 7)], { timeoutMs: 10_000, atMostMs: 9000 })),
        blocked('waiter'),
        change('kq', trigger),
        join('waiter'),
      ]),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.dispatch-oneshot',
    statement: 'A user event with EV_DISPATCH is disabled when it has come, and one with EV_ONESHOT is gone.',
    source: 'kqueue(2); libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', [kev('USER', 7, 'ADD|DISPATCH'), kev('USER', 8, 'ADD|ONESHOT')]),
      change('kq', [trigger, note('TRIGGER', 8)]),
      events('kq', [told('USER', 7, { flags: 'DISPATCH' }), told('USER', 8)]),
      events('kq', []),
      change('kq', note('TRIGGER', 8), 'ENOENT'),
      change('kq', kev('USER', 7, 'ENABLE')),
      change('kq', trigger),
      events('kq', [told('USER', 7, { flags: 'DISPATCH' })]),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.readd-keeps-clear',
    statement:
      'A program that wakes itself by adding and triggering in one change, with EV_CLEAR, gets one event for each.',
    source: 'polling#265',
    why: 'Without EV_CLEAR in the later changes the event is level-triggered on some systems, and a CPU is busy for ever.',
    differs: 'On FreeBSD EV_CLEAR undoes the trigger of the same change.',
    bugs: ['smol-rs/polling#265: a wake-up that was added again without EV_CLEAR kept a CPU busy'],
    steps: [
      requireSystem('adding and triggering with EV_CLEAR', 'macos', 'libkqueue'),
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      ...[1, 2, 3].flatMap(() => [
        kevent('kq', [kev('USER', 7, 'ADD|CLEAR', { fflags: 'TRIGGER' })], [told('USER', 7)], {
          timeoutMs: PROMPT_MS,
        }),
        events('kq', []),
      ]),
    ],
  }),
  kqueueCheck({
    id: 'kq.user.availability',
    statement: 'There is EVFILT_USER.',
    level: 'quirk',
    source: 'libuv#5261; swift-corelibs-libdispatch#559',
    differs: 'OpenBSD had none for long: programs wake themselves by a pipe there.',
    steps: [kqueue('kq'), change('kq', kev('USER', 7, 'ADD')), change('kq', kev('USER', 7, 'DELETE'))],
  }),
]
