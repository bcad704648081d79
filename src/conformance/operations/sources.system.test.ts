import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SystemError, UnsupportedError } from '../../errors.ts'
import { F, IN_OPEN, O } from '../../libc/constants/linux.ts'
import { openLibc } from '../../libc/libc.ts'
import { call, close, closeAll, drain, pipe, poll, read, write } from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import { privileged, requireKernel } from '../steps/environment.ts'
import { directory, mkfifo, open } from '../steps/files.ts'
import { endProcess, fork, pidfd, reap } from '../steps/processes.ts'
import {
  blockSignals,
  inotify,
  raise,
  settime,
  settleReady,
  signalfd,
  timerfd,
  watchPath,
} from '../steps/sources.ts'

const libc = openLibc()
let machine: Machine
beforeEach(() => {
  machine = new Machine(libc, 'poll')
})
afterEach(() => machine.close())

const asked = (fd: string, revents?: string): ReturnType<typeof poll> =>
  poll({ [fd]: 'IN' }, revents === undefined ? {} : { [fd]: revents })

describe('timerfd', () => {
  it('is set by milliseconds and their fractions, and disarmed by 0', () => {
    machine.run(timerfd('t'), asked('t'), settime('t', 0.001), settleReady('t', 'IN'), asked('t', 'IN'))
    machine.run(settime('t', 0), asked('t'), settime('t', 1, { flags: 1 }), settleReady('t', 'IN'))
    expect(() => machine.run(asked('t', 'IN'), drain('t'), asked('t'))).not.toThrow()
  })

  it('fails where setting it does not give what is expected', () => {
    machine.run(pipe('r', 'w'), settime('r', 1, { expect: 'EINVAL' }))
    expect(() => machine.run(settime('r', 1))).toThrow(Failure)
  })
})

describe('signals', () => {
  it('are read from a signalfd, and blocked no longer than the scenario', () => {
    machine.run(blockSignals('URG'), signalfd('s', ['URG']), asked('s'), raise('URG'), asked('s', 'IN'))
    machine.run(call('read', ['$s', { bytes: 128 }, 128], 128), asked('s'))
    machine.close()
    expect(() => machine.run(signalfd('s', ['URG']), raise('URG'), asked('s'))).not.toThrow()
  })
})

describe('files', () => {
  it('are made in a directory that is gone afterwards', () => {
    machine.run(directory('d'), mkfifo('@d/fifo'), open('r', '@d/fifo'), open('w', '@d/fifo', O.WRONLY))
    machine.run(write('w', 1), read('r', 1), inotify('i'), watchPath('i', '@d', IN_OPEN))
    machine.run(asked('i'), open('d', '@d'), asked('i', 'IN'))
    const path = machine.paths.get('d') ?? ''
    expect(existsSync(`${path}/fifo`)).toBe(true)
    machine.close()
    expect(existsSync(path)).toBe(false)
  })

  it('leave a check unsupported where they are not there, unless that is expected', () => {
    machine.run(open('x', '/no/such/file', O.RDONLY, 'ENOENT'))
    expect(() => machine.run(open('x', '/no/such/file'))).toThrow(UnsupportedError)
    expect(() => machine.run(mkfifo('@nowhere/fifo'))).toThrow(TypeError)
  })
})

describe('a forked process', () => {
  it('holds what was open, ends when it is told to, and can be watched', () => {
    machine.run(pipe('r', 'w'), fork('child'), pidfd('p', 'child'), close('w'), asked('r'), asked('p'))
    machine.run(endProcess('child'), asked('r', 'HUP'), asked('p', 'IN'), reap('child'))
    expect(machine.processes.size).toBe(0)
  })

  it('is ended with the scenario, and with all that is closed', () => {
    machine.run(fork('child'))
    const pid = machine.processes.get('child') ?? 0
    expect(() => machine.run(fork('child'))).toThrow('already has a process')
    machine.run(closeAll(), fork('child'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    const second = machine.processes.get('child') ?? 0
    machine.close()
    expect(() => process.kill(second, 0)).toThrow('ESRCH')
  })
})

describe('requireKernel', () => {
  it('lets a check pass on a kernel that is new enough, and leaves it unsupported on others', () => {
    machine.run(requireKernel('2.6', 'poll'))
    expect(() => machine.run(requireKernel('999.0', 'time travel'))).toThrow(
      new UnsupportedError('time travel', `it is there since Linux 999.0, and this is`).message,
    )
  })
})

describe('privileged calls', () => {
  it('leave a check unsupported where they are denied, and must succeed elsewhere', () => {
    expect(() => machine.run(privileged('umount2', [{ path: '/proc/self/status' }, 0]))).toThrow(
      UnsupportedError,
    )
    machine.run(pipe('r', 'w'))
    expect(() => machine.run(privileged('close', [-1]))).toThrow(Failure)
    expect(() => machine.run(privileged('fcntl', ['$r', F.GETFD, 0]))).toThrow(Failure)
  })
})

describe('what may not be there', () => {
  it('is an error of the set-up where it is something else', () => {
    expect(() => machine.run(timerfd('t', 'MONOTONIC', 1 << 20))).toThrow(SystemError)
  })
})
