import { describe, expect, it } from 'vitest'
import { UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { chooseName, chooseNames } from './choose.ts'

const all = ['epoll', 'poll', 'select'] as const

describe('choosing names', () => {
  it('takes all of them if none is asked for, and otherwise those that are, in the order asked for', () => {
    expect(chooseNames('backend', undefined, all)).toEqual([...all])
    expect(chooseNames('backend', ['select', 'epoll'], all)).toEqual(['select', 'epoll'])
  })

  it('refuses a name that does not exist, and lists those that do', () => {
    const error = catchError(() => chooseNames('backend', ['epoll', 'kqueue'], all))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({
      message: 'there is no backend "kqueue"',
      hint: 'backends: epoll, poll, select',
    })
  })

  it('suggests the nearest name if one is near', () => {
    expect(() => chooseName('backend', 'epol', all)).toThrow(
      'there is no backend "epol"; did you mean epoll?',
    )
    expect(() => chooseName('backend', 'Select', all)).toThrow('did you mean select?')
  })

  it.each([
    ['epoll', 'epoll'],
    ['epol', 'epoll'],
    ['eppoll', 'epoll'],
    ['pol', 'poll'],
    ['selcet', 'select'],
    ['', undefined],
    ['kqueue', undefined],
    ['io_uring', undefined],
  ])('takes %j for %j', (asked, name) => {
    expect(nearest(asked, all)).toBe(name)
  })
})

function catchError(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
