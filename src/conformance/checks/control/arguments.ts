/** Arguments of raw epoll_ctl calls that are made with what no proper program passes. */
import { layouts } from '../../../libc/layouts.ts'
import { call } from '../../build.ts'
import type { Argument, Expected, StepOf } from '../../steps.ts'

/** A valid pointer to an event, with an empty mask. */
export const EVENT: Argument = { bytes: layouts.epoll_event.size }

/** epoll_ctl with any operation, descriptors and pointer. */
export const ctl = (
  ep: Argument,
  operation: number,
  fd: Argument,
  event: Argument,
  expect: Expected,
): StepOf<'call'> => call('epoll_ctl', [ep, operation, fd, event], expect)
