import { IOCB } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import type { Machine } from '../machine.ts'
import { unlessAbsent } from './available.ts'

/** A read of 8 bytes is waited for so long. */
const PATIENCE_SECONDS = 2n

/**
 * Lets the kernel itself add 1 to an eventfd: it does so when an asynchronous read that names the eventfd
 * (IOCB_FLAG_RESFD) has ended. Returns after that. Throws `UnsupportedError` where the kernel has no
 * asynchronous I/O, or denies it.
 */
export function signalByCompletion(machine: Machine, eventfd: string): void {
  const { libc } = machine
  const context = keep(machine, 8)
  unlessAbsent('asynchronous I/O', () => rawSyscall(libc, 'io_setup', 1, context.address), 'EAGAIN')
  const number = Number(context.view.getBigUint64(0, true))
  try {
    const requests = keep(machine, 8)
    requests.view.setBigUint64(0, BigInt(readRequest(machine, eventfd).address), true)
    unlessAbsent(
      'asynchronous I/O',
      () => rawSyscall(libc, 'io_submit', number, 1, requests.address),
      'EAGAIN',
    )
    const event = keep(machine, layouts.io_event.size)
    const timeout = keep(machine, layouts.timespec.size)
    timeout.view.setBigInt64(layouts.timespec.offsets.tv_sec, PATIENCE_SECONDS, true)
    rawSyscall(libc, 'io_getevents', number, 1, 1, event.address, timeout.address)
  } finally {
    rawSyscall(libc, 'io_destroy', number)
  }
}

/** An iocb: read 8 bytes of an empty file, and tell an eventfd. */
function readRequest(machine: Machine, eventfd: string): Memory {
  const { size, offsets } = layouts.iocb
  machine.bind(
    'file',
    unlessAbsent('asynchronous I/O', () => sys(machine.libc, 'memfd_create', 'evloop', 0)),
  )
  const request = keep(machine, size)
  request.view.setUint16(offsets.opcode, IOCB.CMD_PREAD, true)
  request.view.setUint32(offsets.fd, machine.fd('file'), true)
  request.view.setBigUint64(offsets.buf, BigInt(keep(machine, 8).address), true)
  request.view.setBigUint64(offsets.nbytes, 8n, true)
  request.view.setUint32(offsets.flags, IOCB.FLAG_RESFD, true)
  request.view.setUint32(offsets.resfd, machine.fd(eventfd), true)
  return request
}

/** Memory that outlives the request, which the kernel works on by itself. */
function keep(machine: Machine, bytes: number): Memory {
  const memory = new Memory(bytes)
  machine.keep(memory)
  return memory
}
