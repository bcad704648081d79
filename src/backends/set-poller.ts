import { F } from '../libc/constants/linux.ts'
import { lastError } from '../libc/libc.ts'
import { PollerBase } from './poller-base.ts'

/**
 * poll and select keep no registrations in the kernel: the set is ours. This adds what epoll_ctl would say of
 * a request: EBADF, EEXIST, ENOENT. And it emulates oneshot, by disarming an entry when it is reported.
 */
export abstract class SetPoller extends PollerBase {
  /** Puts a descriptor into the set, armed. May refuse it. */
  protected abstract insert(fd: number, interest: number): void
  /** Replaces the interest of a descriptor in the set, and arms it. */
  protected abstract update(fd: number, interest: number): void
  /** Keeps a descriptor in the set, but unwatched. */
  protected abstract disarm(fd: number): void
  protected abstract erase(fd: number): void

  protected override attach(fd: number, interest: number): void {
    this.#assertUsable('add', fd)
    if (this.registry.has(fd)) throw this.refusal('add', fd, 'EEXIST')
    this.insert(fd, interest)
  }

  protected override change(fd: number, interest: number): void {
    this.#assertUsable('modify', fd)
    if (!this.registry.has(fd)) throw this.refusal('modify', fd, 'ENOENT')
    this.update(fd, interest)
  }

  protected override detach(fd: number): void {
    // No look at the descriptor itself: one that was closed in the meantime must be removable.
    if (!this.registry.has(fd)) throw this.refusal('remove', fd, 'ENOENT')
    this.erase(fd)
  }

  protected override forget(fd: number): void {
    this.erase(fd)
    super.forget(fd)
  }

  /** To be called for each event that is reported. */
  protected delivered(fd: number): void {
    this.registry.delivered(fd)
    if (!this.registry.isArmed(fd)) this.disarm(fd)
  }

  #assertUsable(operation: string, fd: number): void {
    if (this.libc.fn.fcntl(fd, F.GETFD, 0) === -1) {
      throw lastError(this.libc, `${this.backend.name} ${operation}`, `fd ${fd}`)
    }
  }
}
