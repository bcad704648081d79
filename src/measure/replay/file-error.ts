/** The symbolic errno of what the file system refused: `ENOSPC`. Anything else is thrown again. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  throw error
}
