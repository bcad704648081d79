/** Steps for pseudo terminals (pty(7)). */
import type { Name, StepOf } from '../steps.ts'

export type TerminalStep =
  | { op: 'pty'; as: Name }
  | { op: 'pty.slave'; as: Name; fd: Name }
  | { op: 'pty.type'; fd: Name; text: string }
  | { op: 'pty.packet-mode'; fd: Name }
  | { op: 'pty.flush'; fd: Name }

/** A new pseudo terminal, whose slave nobody has opened yet: its master. */
export const pty = (as: Name): StepOf<'pty'> => ({ op: 'pty', as })
/** Opens the slave of a master. It may be open more than once. */
export const slave = (as: Name, master: Name): StepOf<'pty.slave'> => ({ op: 'pty.slave', as, fd: master })
/** Writes text to the master, as if somebody typed it. The line discipline handles it a moment later. */
export const typeText = (master: Name, text: string): StepOf<'pty.type'> => ({
  op: 'pty.type',
  fd: master,
  text,
})
/** Lets the master be told of what the slave does to the line (TIOCPKT). */
export const packetMode = (master: Name): StepOf<'pty.packet-mode'> => ({ op: 'pty.packet-mode', fd: master })
/** Discards what the slave has not read (tcflush). */
export const flushInput = (fd: Name): StepOf<'pty.flush'> => ({ op: 'pty.flush', fd })
