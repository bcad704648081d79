/**
 * Does some things at once, at most `limit` of them, beginning in order. When one fails, `stop` is called, no
 * other is begun, and the first failure is thrown when all that were running have ended.
 */
export async function sideBySide<T>(
  items: readonly T[],
  limit: number,
  action: (item: T) => Promise<void>,
  stop: () => void,
): Promise<void> {
  const waiting = [...items]
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await action(item)
      } catch (error) {
        failures.push(error)
        waiting.length = 0
        stop()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
}
