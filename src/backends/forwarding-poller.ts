import type { Backend, Poller, ReadinessBatch, RegistrationOptions, Token, WakeHandle } from './backend.ts'

/** A Poller that has another one do all of it: for who changes or looks at a part of that. */
export class ForwardingPoller implements Poller {
  readonly backend: Backend
  protected readonly poller: Poller

  constructor(poller: Poller) {
    this.backend = poller.backend
    this.poller = poller
  }

  add(fd: number, interest: number, token: Token, options?: RegistrationOptions): void {
    this.poller.add(fd, interest, token, options)
  }

  modify(fd: number, interest: number, token: Token, options?: RegistrationOptions): void {
    this.poller.modify(fd, interest, token, options)
  }

  remove(fd: number): void {
    this.poller.remove(fd)
  }

  wait(batch: ReadinessBatch, timeoutNs: number | null): number {
    return this.poller.wait(batch, timeoutNs)
  }

  wake(): void {
    this.poller.wake()
  }

  wakeHandle(): WakeHandle {
    return this.poller.wakeHandle()
  }

  close(): void {
    this.poller.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
