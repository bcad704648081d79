import { O } from '../../../libc/constants/linux.ts'
import { EpollState } from '../machine/epoll-state.ts'
import { INVALID, OpenFile } from './open-file.ts'

/** An epoll instance as an open file: what a descriptor of it stands for. */
export class Instance extends OpenFile {
  readonly accessMode = O.RDWR
  readonly state: EpollState

  constructor(state = new EpollState()) {
    super(false, state.queues)
    this.state = state
  }

  override get watchable(): EpollState {
    return this.state
  }

  readiness(): number {
    return this.state.readiness()
  }

  read(): number {
    return INVALID
  }

  write(): number {
    return INVALID
  }

  release(): void {
    this.state.close()
  }
}
