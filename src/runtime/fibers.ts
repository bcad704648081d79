import { Fiber } from './fiber.ts'
import type { Work } from './fiber.ts'

/** All fibers of a scheduler that are alive, oldest first. Adding and deleting are constant time. */
export class Fibers {
  #nextId = 0
  #size = 0
  #oldest: Fiber | null = null
  #youngest: Fiber | null = null

  get size(): number {
    return this.#size
  }

  get oldest(): Fiber | null {
    return this.#oldest
  }

  create(home: object, body: Work<unknown>, name: string | undefined): Fiber {
    const fiber = new Fiber(this.#nextId++, home, body, name)
    fiber.older = this.#youngest
    if (this.#youngest === null) this.#oldest = fiber
    else this.#youngest.younger = fiber
    this.#youngest = fiber
    this.#size++
    return fiber
  }

  delete(fiber: Fiber): void {
    const { older, younger } = fiber
    if (older === null) this.#oldest = younger
    else older.younger = younger
    if (younger === null) this.#youngest = older
    else younger.older = older
    fiber.older = fiber.younger = null
    this.#size--
  }

  all(): Fiber[] {
    const all: Fiber[] = []
    for (let fiber = this.#oldest; fiber !== null; fiber = fiber.younger) all.push(fiber)
    return all
  }
}
