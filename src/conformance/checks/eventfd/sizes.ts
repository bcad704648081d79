import { release } from 'node:os'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName, sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { call, counter, eventfd, read, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'

/** More than one value has room in. */
const BIG = 128
/** What no read leaves by chance. */
const UNTOUCHED = 0xa5

/** Reads and writes that are not those of one value of 8 bytes. */
export const sizes: readonly Check[] = [
  epollCheck({
    id: 'eventfd.size-errors',
    statement:
      'Fewer than 8 bytes are EINVAL, also as halves of a vector; a big read gives 8 bytes, a big write is EINVAL since Linux 6.9.',
    source: 'eventfd(2); gVisor BigWrite; StarryOS; measured',
    differs:
      'Since Linux 6.9 a write of more than 8 bytes is EINVAL; before it took the first 8. gVisor has the old way.',
    run(machine) {
      machine.run(eventfd('e', 1))
      for (const bytes of [1, 4, 7]) {
        machine.run(read('e', bytes, 'EINVAL'), write('e', bytes, 'EINVAL'))
      }
      machine.run(read('e', BIG, 8), counter('e', 'EAGAIN'))
      expectOneOf('writev of 4 and 4 bytes', writeHalves(machine), ['EINVAL'])
      machine.run(counter('e', 'EAGAIN'))
      // A distribution may have the strictness of 6.9 in an older kernel too.
      const big = writeBig(machine)
      expectOneOf(`write of ${BIG} bytes`, big, isLinux69(release()) ? ['EINVAL'] : ['EINVAL', '8'])
      machine.run(counter('e', big === '8' ? '1' : 'EAGAIN'))
    },
  }),
  epollCheck({
    id: 'eventfd.big-read',
    statement: 'A read with more room than 8 bytes leaves what is behind them as it was.',
    source: 'eventfd(2); read(2)',
    run(machine) {
      machine.run(eventfd('e', 1))
      const room = new Memory(BIG)
      room.bytes.fill(UNTOUCHED)
      machine.begin(`read(e, ${BIG} bytes)`)
      machine.expect(sys(machine.libc, 'read', machine.fd('e'), room.address, BIG), 8, 'read gives')
      const changed = room.bytes.subarray(8).filter((byte) => byte !== UNTOUCHED).length
      machine.expect(changed, 0, 'bytes changed behind the value')
    },
  }),
  epollCheck({
    id: 'eventfd.pread-espipe',
    statement: 'An eventfd has no position: pread and pwrite are ESPIPE, and lseek moves nothing.',
    source: 'gVisor; measured',
    run(machine) {
      machine.run(
        eventfd('e', 1),
        call('pread', ['$e', { bytes: 8 }, 8, 0], 'ESPIPE'),
        call('pwrite', ['$e', { bytes: 8 }, 8, 0], 'ESPIPE'),
      )
      machine.begin('lseek(e, 5, SEEK_SET)')
      // Linux does nothing and reports success; others say that there is nothing to be done.
      expectOneOf('lseek', resultOf(machine, machine.libc.fn.lseek(machine.fd('e'), 5, 0)), ['0', 'ESPIPE'])
      machine.run(counter('e', '1'))
    },
  }),
]

/** writev with a value in two halves, of which each is a write by itself. */
function writeHalves(machine: Machine): string {
  const { size, offsets } = layouts.iovec
  const value = new Memory(8)
  const vectors = new Memory(2 * size)
  for (const half of [0, 1]) {
    vectors.view.setBigUint64(half * size + offsets.base, BigInt(value.at(half * 4)), true)
    vectors.view.setBigUint64(half * size + offsets.len, 4n, true)
  }
  machine.begin('writev(e, 4 and 4 bytes)')
  return resultOf(machine, machine.libc.fn.writev(machine.fd('e'), vectors.address, 2))
}

/** A write of a value, and much after it. */
function writeBig(machine: Machine): string {
  const bytes = new Memory(BIG)
  bytes.view.setBigUint64(0, 1n, true)
  machine.begin(`write(e, ${BIG} bytes)`)
  return resultOf(machine, machine.libc.fn.write(machine.fd('e'), bytes.address, BIG))
}

/** What a call returned, as a number or as the name of its errno. */
function resultOf(machine: Machine, result: number): string {
  return result === -1 ? errnoName(machine.libc.errno()) : String(result)
}

function expectOneOf(what: string, actual: string, allowed: readonly string[]): void {
  if (!allowed.includes(actual))
    throw new Failure(`${what} gives ${allowed.join(' or ')}`, `${what} gives ${actual}`)
}

/** Whether a release as uname tells it is of Linux 6.9 or later. */
function isLinux69(text: string): boolean {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10))
  return major > 6 || (major === 6 && minor >= 9)
}
