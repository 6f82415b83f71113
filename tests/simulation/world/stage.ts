import type { Network } from './network.js'
import type { SimulatedPostgres } from './postgres.js'
import type { World } from './world.js'

/** The world that is being simulated; what stands in for a module of the product finds it here. */
export interface Scenery {
  readonly world: World
  readonly network: Network
  readonly postgres: SimulatedPostgres
}

export const stage: { scenery: Scenery | undefined } = { scenery: undefined }

/** @throws when nothing is simulated, or no node acts */
export function acting() {
  const { scenery } = stage
  const node = scenery?.world.current
  if (!scenery || !node) throw new Error('Nobody acts in a simulated world.')
  return { ...scenery, node }
}
