/**
 * The structs of `native/replay.c`, as data. A test holds them against what the compiled file says of itself.
 */
import { struct } from '../../libc/struct.ts'

/** What a step does; the numbers of `enum kind`. */
export const ActionKind = {
  CALL: 0,
  CALL_ANY: 1,
  CHECK: 2,
  STORE8: 3,
  STORE32: 4,
  ADD32: 5,
  LOAD32: 6,
  TIME: 7,
  PACE: 8,
  BARRIER: 9,
  OPEN: 10,
  PUT: 11,
  READ: 12,
  COUNT: 13,
  ADVANCE: 14,
} as const

/** How many arguments an action has room for, and how many of them a plain CALL passes. */
export const ARGUMENTS = 10
export const PLAIN_ARGUMENTS = 6
/** How many results can be kept for later arguments at once. */
export const SLOTS = 64
export const LANES = 64
/** How many bytes of memory that differs are shown. */
export const SHOWN = 256

export const ACTION = struct([
  ['kind', 'u8'],
  ['varies', 'u8'],
  ['narrow', 'u8'],
  ['checks', 'u8'],
  ['binds', 'u8'],
  ['bound', 'u8'],
  ['unused', 'u16'],
  ['error', 'i32'],
  ['words', 'u32'],
  ['function', 'u64'],
  ['arguments', 'i64', ARGUMENTS],
  ['expected', 'i64'],
  ['address', 'u64'],
  ['sum', 'u64'],
])

export const STEP = struct([
  ['action', 'u32'],
  ['number', 'i32'],
])

export const LANE = struct([
  ['actions', 'u64'],
  ['steps', 'u64'],
  ['count', 'u64'],
  ['cycles', 'u64'],
  ['warmup', 'u64'],
  ['marks', 'u64'],
  ['period', 'i64'],
  ['slack', 'i64'],
  ['cpu', 'i32'],
  ['unused', 'i32'],
  ['began', 'i64'],
  ['ended', 'i64'],
  ['due', 'i64'],
  ['cycle', 'u64'],
  ['at', 'u64'],
])

export const JOB = struct([
  ['lanes', 'u32'],
  ['arrived', 'u32'],
  ['generation', 'u32'],
  ['failed', 'u32'],
  ['error', 'i32'],
  ['actual', 'i64'],
  ['memory', 'i64'],
  ['shown', 'u8', SHOWN],
  ['slots', 'i64', SLOTS],
  ['cpu_ns', 'i64'],
  ['voluntary', 'i64'],
  ['involuntary', 'i64'],
  ['lane', 'u64', 0],
])

/** The size of a whole job: its head, and the lanes behind it. */
export const JOB_SIZE = JOB.offsets.lane + LANES * LANE.size
