/** What must not compile: `npm run typecheck` fails where one of these lines does. And none of it may abort. */
import { expect, test } from 'vitest'
import { openLibc, sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'

const libc = openLibc()
const memory = new Memory(8)

/** Calls that the compiler refuses. Made all the same, each must throw before the native call. */
const refused: readonly (readonly [string, (libc: Libc) => unknown])[] = [
  // @ts-expect-error A descriptor is a number.
  ['a string for a descriptor', ({ fn }) => fn.close('3')],
  // @ts-expect-error A descriptor is a number, not a BigInt.
  ['a BigInt for a descriptor', ({ fn }) => fn.close(3n)],
  // @ts-expect-error An argument is missing.
  ['no argument', ({ fn }) => fn.close()],
  // @ts-expect-error An argument is missing.
  ['one argument too few', ({ fn }) => fn.read(-1, memory.address)],
  // @ts-expect-error A variadic function has all arguments of its table too.
  ['a variadic argument too few', ({ fn }) => fn.fcntl(-1, 1)],
  // @ts-expect-error A path is a string.
  ['a number for a path', ({ fn }) => fn.unlink(3)],
  // @ts-expect-error A buffer goes as its address.
  ['a buffer for an address', ({ fn }) => fn.read(-1, memory.bytes, 8)],
  // @ts-expect-error NULL is an address, null is not.
  ['null for NULL', ({ fn }) => fn.poll(null, 0, 0)],
  // @ts-expect-error There is no such function.
  ['a function that the table does not have', ({ fn }) => fn.malloc(8)],
  // @ts-expect-error The arguments of `sys` are those of its function.
  ['a wrong argument by way of sys', (c) => sys(c, 'dup', 'stdout')],
  // @ts-expect-error The table has no such function.
  ['a wrong function by way of sys', (c) => sys(c, 'malloc', 8)],
]

/** Calls that the compiler refuses, but that cannot be told from right ones once they run. */
function harmless({ fn }: Libc): readonly number[] {
  return [
    // @ts-expect-error Any number is not an address: it must come from a Memory.
    fn.poll(0, 0, 0),
    // @ts-expect-error One argument too many.
    fn.getppid(1),
  ]
}

test.each(refused)('%s does not compile, and throws at run time', (_, call) => {
  expect(() => call(libc)).toThrow(Error)
})

test('what compiles works after all that', () => {
  const parent = libc.fn.getppid()
  expect(harmless(libc)).toEqual([0, parent])
  expect(libc.fn.poll(NULL, 0, 0)).toBe(0)
})

test('a result is a number, and an address where it is one', () => {
  const n: number = libc.fn.getppid()
  // @ts-expect-error A number is not an address.
  const address: typeof NULL = libc.fn.getppid()
  const filled: typeof NULL = libc.fn.memset(memory.address, 7, 1)
  expect([address, filled]).toEqual([n, memory.address])
  expect(memory.bytes[0]).toBe(7)
})
