/** What the two processes of the echo load tell each other. */

/** Lines that the server writes, as JSON. */
export type ServerLine =
  | { readonly kind: 'listening'; readonly port: number }
  | ({ readonly kind: 'sample' } & ServerSample)
  | ({ readonly kind: 'end' } & ServerEnd)

/** Once a second, after a garbage collection. */
export interface ServerSample {
  readonly connections: number
  readonly heapBytes: number
  readonly externalBytes: number
  readonly rssBytes: number
  readonly echoedBytes: number
  readonly echoes: number
}

/** What is left when every connection was closed by its client. */
export interface ServerEnd {
  readonly fibers: number
  readonly registrations: number
  /** Descriptors that were not there before the server listened and waited for the first time. */
  readonly descriptors: number
  readonly errors: readonly string[]
  readonly echoedBytes: number
}

/** What the clients have seen. */
export interface LoadResult {
  readonly errors: readonly string[]
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly messages: number
}
