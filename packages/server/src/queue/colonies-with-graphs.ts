import type { ColonyKey } from '@colonies/database'
import { Expectation } from './expectation.js'

/** Of more, each batch of closes is tried without graphs first. */
const COLONIES_MAX = 10_000

/** Colonies where batches of closes had processes of workflows: the next one may have one too. */
export class ColoniesWithGraphs {
  readonly #colonies = new Map<ColonyKey, Expectation>()

  has(colony: ColonyKey): boolean {
    return this.#colonies.has(colony)
  }

  note(colony: ColonyKey, inGraphs: boolean): void {
    const graphs = this.#colonies.get(colony) ?? new Expectation()
    graphs.note(inGraphs)
    if (!graphs.isThere) this.#colonies.delete(colony)
    else if (this.#colonies.size < COLONIES_MAX) this.#colonies.set(colony, graphs)
  }
}
