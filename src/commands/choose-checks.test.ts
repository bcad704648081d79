import { describe, expect, it } from 'vitest'
import { backendNames } from '../backends/index.ts'
import { families } from '../conformance/checks/index.ts'
import { UsageError } from '../errors.ts'
import { chooseChecks } from './choose-checks.ts'
import type { ChoiceOptions } from './choose-checks.ts'

const all = families.flatMap(({ checks }) => checks)

const chosen = async (options: ChoiceOptions, backends = backendNames): Promise<string[]> =>
  (await chooseChecks(options, backends)).map(({ check }) => check.id)

describe('choosing checks', () => {
  it('takes all that apply to a backend that is asked for', async () => {
    expect(await chosen({})).toEqual(all.map(({ id }) => id))
    expect(await chosen({}, ['select'])).toEqual(
      all.filter(({ backends }) => backends.includes('select')).map(({ id }) => id),
    )
  })

  it('takes what is all that is asked for', async () => {
    const ids = await chosen({ only: ['epoll.*'], family: ['epoll.et', 'eventfd'], kind: ['race'] })
    expect(ids).toEqual(
      all.filter(({ id, kind }) => id.startsWith('epoll.et.') && kind === 'race').map(({ id }) => id),
    )
    expect(ids.length).toBeGreaterThan(0)
  })

  it.each<[ChoiceOptions, string]>([
    [{ only: ['epoll.et.onec'] }, 'there is no check "epoll.et.onec"; did you mean epoll.et.once?'],
    [{ only: ['epoll.et.once', 'eventf.*'] }, 'there is no check "eventf.*"; did you mean eventfd.*?'],
    [{ only: ['qqqqqq'] }, 'there is no check "qqqqqq"'],
    [{ family: ['epoll.lr'] }, 'there is no family "epoll.lr"; did you mean epoll.lt?'],
    [{ level: ['defacto'] }, 'there is no level "defacto"; did you mean de-facto?'],
    [{ kind: ['Det'] }, 'there is no kind "Det"; did you mean det?'],
    [{ only: ['epoll.lt.basic-in'], kind: ['race'] }, 'no check fits all that was asked for at once'],
  ])('refuses what chooses nothing: %j', async (options, message) => {
    const promise = chosen(options)
    await expect(promise).rejects.toThrow(UsageError)
    await expect(promise).rejects.toMatchObject({ message })
  })

  it('refuses checks that apply to none of the backends', async () => {
    await expect(chosen({ only: ['epoll.lt'] }, ['poll', 'select'])).rejects.toMatchObject({
      message: 'none of the checks that were chosen applies to poll, select',
    })
  })

  it('names all families where one does not exist', async () => {
    const names = families.map(({ name }) => name).join(', ')
    await expect(chosen({ family: ['x'] })).rejects.toMatchObject({ hint: `families: ${names}` })
  })
})
