import type { Database, Db, Listener } from '@colonies/database'
import { acting } from '../world/stage.js'

// What is not named below is the real one; a statement of it would fail, since it is not modelled.
export * from '@colonies/database'
export {
  approveExecutor,
  beat,
  beatInstance,
  beatReplica,
  cancelGraph,
  cancelProcess,
  claimProcesses,
  closeFailed,
  closeSuccessful,
  coloniesToCount,
  coloniesWithCrons,
  coloniesWithGenerators,
  coloniesWithLostExecutors,
  coloniesWithLostInstances,
  coloniesWithOverdue,
  coloniesWithUnknownHolders,
  databaseTime,
  deleteCron,
  dueCronIds,
  dueGeneratorIds,
  ensureServerOwner,
  failOverdue,
  findColonyOf,
  findCron,
  findGraph,
  fireCrons,
  functionStatistics,
  giveBack,
  heldByNobody,
  insertChild,
  insertCron,
  insertGenerator,
  insertGraph,
  insertPacks,
  insertProcesses,
  isColony,
  keepListening,
  listAttributes,
  listExecutors,
  listFunctions,
  listReplicas,
  lostBy,
  readAgenda,
  readColoniesOwnedBy,
  readColony,
  readDirectoryChanges,
  readGraphParts,
  readMemberships,
  readProcesses,
  readServerOwner,
  readStandings,
  recordLastHeard,
  releaseFromLost,
  releaseFromLostInstances,
  releaseOverdue,
  removeReplica,
  replaceExecutor,
  revokeExecutor,
  rollUp,
  rollUpGraphs,
  runGenerators,
  setOutput,
  takeLease,
  typesWithReady,
  upsertFunction,
  wantedOf,
} from '../model/index.js'

export function connect(): Database {
  const { postgres, node } = acting()
  return postgres.connect(node)
}

// The tables are there, and have no partitions.
export const ensureDatabase = async () => {}
export const migrate = async () => []
export const requireServed = async () => {}
export const settleRestored = async () => false
export const spreadDatabase = async (db: Database) => db
export const databaseTimeMs = async () => Date.now()
export const listPartitions = async () => []
export const makePartitions = async () => 'made'
// Rows that are gone leave nothing behind.
export const vacuumQueue = async () => []

export function createListener(
  _config: unknown,
  _channel: string,
  onMessage: (payload: string) => void,
  onListening: () => void,
): Listener {
  const { postgres, node } = acting()
  return postgres.listen(node, { onMessage, onListening })
}

export async function notify(_db: Db, _channel: string, payload: string): Promise<void> {
  const { postgres, node } = acting()
  postgres.notify(node, payload)
}
