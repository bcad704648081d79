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
  {
    name: 'epoll.create',
    title: 'creation of an epoll',
    why: 'A program that cannot rely on how an epoll is made leaks descriptors into the programs that it starts, or does not start at all.',
    checks: create,
  },
  {
    name: 'epoll.abi',
    title: 'numbers and structs of epoll',
    why: 'Bindings, emulators and other kernels write these numbers and structs down once more, and often wrongly: the events then are those of another descriptor.',
    checks: [...abi, ...constants],
  },
  {
    name: 'epoll.ctl',
    title: 'adding, modifying and deleting entries',
    why: 'Libraries steer by these errors: EEXIST means to modify instead, ENOENT to add, EPERM that a file is always ready. A wrong one is a descriptor that nobody watches.',
    checks: [...errors, ...entries, ...types, ...masks, ...modify],
  },
  {
    name: 'epoll.fd',
    title: 'the epoll descriptor itself',
    why: 'Epoll descriptors are duplicated, inherited and nested by libraries that do not know of each other. Who shares one must see the same entries.',
    checks: descriptor,
  },
  {
    name: 'epoll.ioctl',
    title: 'busy-poll parameters',
    why: 'Network programs that poll their device set these parameters, and nothing tells them that they had no effect.',
    checks: ioctl,
  },
]
