/**
 * Work that seldom has to wait: it yields the promises that it waits for, and everything between two of them happens at
 * once. With `await`, others would have their turn in each place where something might have to be waited for.
 */
export type SeldomWaiting<T> = Generator<Promise<void>, T, void>

/** Does it. The result is a promise only where it had to wait. */
export function atOnce<T>(work: SeldomWaiting<T>): T | Promise<T> {
  const step = work.next()
  return step.done === true ? step.value : afterWaiting(work, step.value)
}

async function afterWaiting<T>(work: SeldomWaiting<T>, first: Promise<void>): Promise<T> {
  let waitsFor = first
  for (;;) {
    let step: IteratorResult<Promise<void>, T>
    try {
      await waitsFor
      step = work.next()
    } catch (error) {
      step = work.throw(error)
    }
    if (step.done === true) return step.value
    waitsFor = step.value
  }
}
