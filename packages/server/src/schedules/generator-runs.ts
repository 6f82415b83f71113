import { planWorkflow } from '@colonies/core'
import {
  type ColonyKey,
  type Db,
  type DueGenerator,
  dueGeneratorIds,
  type GeneratorRun,
  isConnectionFailure,
  isMomentary,
  type Recipe,
  runGenerators,
} from '@colonies/database'
import { ColoniesError, type JsonText } from '@colonies/protocol'
import type { Replica } from '../handler.js'
import type { Log } from '../log.js'
import { newGraph } from '../submission/new-graph.js'
import { readStoredWorkflow } from './stored-workflow.js'
import { tellStarted } from './tell-started.js'

/** Generators of one transaction, and how much it may store. */
const BATCH = 20
const bounds = { workflowBytesMax: 1024 * 1024, nodesMax: 1000, bytesMax: 16 * 1024 * 1024, retrySeconds: 60 }

interface Context {
  readonly db: Db
  readonly replica: Pick<Replica, 'hint' | 'changed'>
  readonly log: Log
}

/**
 * Starts the graphs of generators of one colony that are due. One whose graphs cannot be started is set aside for a minute, with
 * its error in its row and its arguments in its queue; the others go on.
 *
 * @returns how many generators were served
 */
export async function runDueGenerators(context: Context, colony: ColonyKey): Promise<number> {
  const { db, replica, log } = context
  try {
    const runs = await runGenerators(db, colony, { choice: { due: BATCH }, recipeOf, ...bounds })
    tell({ replica, log }, colony, runs)
    return runs.length
  } catch (error) {
    if (isConnectionFailure(error)) throw error
    log.warn('generators run one by one, since they cannot run together', { colony, error })
    let served = 0
    for (const id of await dueGeneratorIds(db, colony, BATCH)) if (await runAlone(context, colony, id)) served += 1
    return served
  }
}

/** @returns false when it stays as it is */
async function runAlone({ db, replica, log }: Context, colony: ColonyKey, generatorId: string): Promise<boolean> {
  const alone = { choice: { generatorId }, ...bounds }
  try {
    tell({ replica, log }, colony, await runGenerators(db, colony, { ...alone, recipeOf }))
    return true
  } catch (error) {
    if (isConnectionFailure(error)) throw error
    if (isMomentary(error)) {
      log.warn('a generator stays due, since the database could not run it now', { colony, generatorId, error })
      return false
    }
    log.error('a generator cannot run', { colony, generatorId, error })
    const says = 'Its graphs could not be stored; the log of the server tells more'
    await runGenerators(db, colony, { ...alone, recipeOf: () => says })
    return true
  }
}

function tell(
  { replica, log }: Pick<Context, 'replica' | 'log'>,
  colony: ColonyKey,
  runs: readonly GeneratorRun[],
): void {
  tellStarted(
    replica,
    colony,
    runs.filter(({ graphs }) => graphs > 0).map(({ ready }) => ready),
  )
  for (const { generator, error } of runs) {
    if (error === undefined) continue
    const { generator_id, name } = generator
    log.warn('a generator did not run; it is tried again in a minute', { colony, generator_id, name, why: error })
  }
}

function recipeOf(generator: DueGenerator): Recipe | string {
  const { colony_name, initiator_id, initiator_name, initiator_is_user } = generator
  if (!generator.initiator_is_member)
    return `${initiator_name}, who added this generator, is no approved member of the colony any more: add it again as a member`
  try {
    const spec = readStoredWorkflow(generator.workflow, colony_name)
    const { nodes, roots } = planWorkflow(spec)
    const initiator = { id: initiator_id, name: initiator_name, kind: initiator_is_user ? 'user' : 'executor' } as const
    return {
      nodes: nodes.length,
      roots: roots.length,
      graphOf: (packed) =>
        newGraph({ spec, requestid: '', roots: { args: JSON.stringify(packed) as JsonText } }, colony_name, initiator)
          .graph,
    }
  } catch (error) {
    if (error instanceof ColoniesError) return error.message
    throw error
  }
}
