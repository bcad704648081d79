import type { Family } from '../../check.ts'
import { abi } from './abi.ts'
import { constants } from './constants.ts'
import { create } from './create.ts'
import { descriptor } from './descriptor.ts'
import { entries } from './entries.ts'
import { errors } from './errors.ts'
import { ioctl } from './ioctl.ts'
import { masks } from './masks.ts'
import { modify } from './modify.ts'
import { types } from './types.ts'

/** How an epoll is made, changed and handed on, and the numbers and structs that are part of that. */
export const control: readonly Family[] = [
  { name: 'epoll.create', title: 'creation of an epoll', checks: create },
  { name: 'epoll.abi', title: 'numbers and structs of epoll', checks: [...abi, ...constants] },
  {
    name: 'epoll.ctl',
    title: 'adding, modifying and deleting entries',
    checks: [...errors, ...entries, ...types, ...masks, ...modify],
  },
  { name: 'epoll.fd', title: 'the epoll descriptor itself', checks: descriptor },
  { name: 'epoll.ioctl', title: 'busy-poll parameters', checks: ioctl },
]
