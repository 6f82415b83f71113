import type { Db } from '@colonies/database'
import { type Fault, judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { startSubmitters } from '../load/submitters.js'
import type { Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { openColony } from './colony.js'

const RATE_PER_SECOND = 2
const DRAIN_SECONDS = 120

export interface NeighbourOptions {
  readonly db: Db
  readonly serverKey: string
  readonly endpoints: readonly string[]
}

/** A second colony on the same replicas, with a small steady load: what it has may not come to the first, nor the other way. */
export interface Neighbour {
  /** Ends its load, when its work is done. */
  stop(): Promise<void>
  /** Judges it as any colony, after its end. */
  judge(db: Db): Promise<Fault[]>
}

/** Its names, executor type and labels are those of the first colony, so that only the colony tells them apart. */
export async function startNeighbour(stage: Stage, options: NeighbourOptions): Promise<Neighbour> {
  const { db, endpoints } = options
  // Of its own: what is counted there is not the work of the scenario.
  const history = stage.history()
  const colony = await openColony({ ...options, history, name: 'neighbour' })
  const executors = await startExecutors(stage, colony, { count: 1, endpoints })
  const submitters = await startSubmitters(stage, colony, { count: 1, endpoints, ratePerSecond: RATE_PER_SECOND })
  return {
    async stop() {
      await submitters.stop()
      await untilDrained(db, colony.key, DRAIN_SECONDS)
      await executors.stop()
    },
    async judge(patient) {
      const faults = await judge(history, patient, colony)
      return faults.map((one) => ({ ...one, says: `the neighbour: ${one.says}` }))
    },
  }
}
