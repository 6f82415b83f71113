import { connect, type DatabaseConfig, type Db } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import type { History } from '../history.js'
import type { Stage } from '../scenario.js'
import { type ChaosColony, openColony } from './colony.js'
import { type Neighbour, startNeighbour } from './neighbour.js'
import type { ReplicaProcess } from './replica-process.js'
import { type ReplicasOptions, startReplicas } from './replicas.js'

export interface ServedColonyOptions extends Omit<ReplicasOptions, 'database' | 'serverKey'> {
  readonly config: DatabaseConfig
}

export interface ServedColony {
  /** Connections for the judge, and for looking at the tables. */
  readonly db: Db
  readonly replicas: readonly ReplicaProcess[]
  /** Of all replicas. */
  readonly endpoints: readonly string[]
  readonly history: History
  readonly colony: ChaosColony
  /** Opens a second colony beside it; whoever does so stops it with its load, and adds its faults to the others. */
  neighbour(): Promise<Neighbour>
}

/** Equal replicas on one database, and a colony on them whose members are all recorded. */
export async function serveColony(stage: Stage, options: ServedColonyOptions): Promise<ServedColony> {
  const { config, ...others } = options
  const db = patientConnections(stage, config)
  const serverKey = generatePrivateKey()
  const replicas = await startReplicas(stage, { ...others, database: config, serverKey })
  const endpoints = replicas.map(({ url }) => url)
  const history = stage.history()
  const colony = await openColony({ db, history, serverKey, endpoints })
  const neighbour = () => startNeighbour(stage, { db, serverKey, endpoints })
  return { db, replicas, endpoints, history, colony, neighbour }
}

/** For one question of the judge about all that was done, and for its turn: it has more questions at once than connections. */
const JUDGE_MS_MAX = 600_000

const patience = { statementTimeoutMs: JUDGE_MS_MAX, acquireTimeoutMs: JUDGE_MS_MAX }

function patientConnections(stage: Pick<Stage, 'atEnd'>, config: DatabaseConfig): Db {
  const db = connect({ ...config, maxConnections: 4, ...patience })
  stage.atEnd(() => db.close())
  return db
}
