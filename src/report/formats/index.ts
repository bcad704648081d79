import type { Format } from '../format.ts'

/** Every format, loaded when it is used. Adding one is a file and a line here. */
export const formats = {
  table: async (): Promise<Format> => (await import('./table/index.ts')).table,
  json: async (): Promise<Format> => (await import('./json.ts')).json,
} as const

export type FormatName = keyof typeof formats

export const formatNames = Object.keys(formats) as FormatName[]
