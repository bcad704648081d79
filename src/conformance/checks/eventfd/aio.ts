import { SystemError, UnsupportedError } from '../../../errors.ts'
import { IOCB } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { rawSyscall } from '../../../libc/syscall.ts'
import type { Machine } from '../../machine.ts'

/**
 * Lets the kernel itself add 1 to an eventfd: it does so when an asynchronous read that names the eventfd
 * (IOCB_FLAG_RESFD) has ended. Returns after that. Throws `UnsupportedError` where the kernel has no
 * asynchronous I/O, or denies it.
 */
export function signalByCompletion(machine: Machine, eventfd: string): void {
  const { libc } = machine
  machine.begin(`io_submit of a read that adds to ${eventfd} when it ends`)
  // The kernel leaves the context's number here.
  const context = new Memory(8)
  unlessMissing(() => rawSyscall(libc, 'io_setup', 1, context.address))
  const number = Number(context.view.getBigUint64(0, true))
  try {
    machine.bind('file', sys(libc, 'memfd_create', 'evloop', 0))
    const target = new Memory(8)
    machine.keep(target)
    const control = readRequest(machine.fd('file'), target, machine.fd(eventfd))
    const list = new Memory(8)
    list.view.setBigUint64(0, BigInt(control.address), true)
    unlessMissing(() => rawSyscall(libc, 'io_submit', number, 1, list.address))
    rawSyscall(
      libc,
      'io_getevents',
      number,
      1,
      1,
      new Memory(layouts.io_event.size).address,
      patience().address,
    )
  } finally {
    rawSyscall(libc, 'io_destroy', number)
  }
}

/** The longest time to wait for a read of 8 bytes. */
function patience(): Memory {
  const { size, offsets } = layouts.timespec
  const timespec = new Memory(size)
  timespec.view.setBigInt64(offsets.tv_sec, 2n, true)
  return timespec
}

/** An iocb: read 8 bytes of a file, and tell an eventfd. */
function readRequest(file: number, target: Memory, eventfd: number): Memory {
  const { size, offsets } = layouts.iocb
  const control = new Memory(size)
  control.view.setUint16(offsets.opcode, IOCB.CMD_PREAD, true)
  control.view.setUint32(offsets.fd, file, true)
  control.view.setBigUint64(offsets.buf, BigInt(target.address), true)
  control.view.setBigUint64(offsets.nbytes, 8n, true)
  control.view.setUint32(offsets.flags, IOCB.FLAG_RESFD, true)
  control.view.setUint32(offsets.resfd, eventfd, true)
  return control
}

/** Being without asynchronous I/O is no fault of the eventfd. */
function unlessMissing(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof SystemError) || !['ENOSYS', 'EPERM'].includes(error.code)) throw error
    throw new UnsupportedError('asynchronous I/O', error.message)
  }
}
