import type { ColonyKey } from '@colonies/database'

/** Of more, each batch of closes is tried without graphs first. */
const COLONIES_MAX = 10_000
/** After so many batches without one, none is expected. */
const BATCHES = 20

/** Colonies where batches of closes had processes of workflows: the next one may have one too. */
export class ColoniesWithGraphs {
  /** With the batches that are left. */
  readonly #colonies = new Map<ColonyKey, number>()

  has(colony: ColonyKey): boolean {
    return this.#colonies.has(colony)
  }

  note(colony: ColonyKey, inGraphs: boolean): void {
    const left = inGraphs ? BATCHES : (this.#colonies.get(colony) ?? 0) - 1
    if (left <= 0) this.#colonies.delete(colony)
    else if (this.#colonies.has(colony) || this.#colonies.size < COLONIES_MAX) this.#colonies.set(colony, left)
  }
}
