import { type DatabaseConfig, startEmbeddedPostgres } from '@colonies/database'
import type { Config } from './config.js'
import type { Log } from './log.js'

export interface EmbeddedDatabase {
  readonly database: DatabaseConfig
  /** To be called when nobody is connected any more. */
  stop(): Promise<void>
}

/** Beside the pool of a replica: the connection that listens, and one that waits for a lock. */
const MORE_CONNECTIONS = 2
/** For people who look into the database, and for PostgreSQL itself. */
const SPARE_CONNECTIONS = 20

/** Starts the PostgreSQL of this server, with room for the connections of all its replicas. */
export async function startEmbedded(config: Config, log: Log): Promise<EmbeddedDatabase> {
  const { dataDir, databaseName: database, databaseConnectionsMax: maxConnections, workers } = config
  const needed = workers * (maxConnections + MORE_CONNECTIONS) + SPARE_CONNECTIONS
  const embedded = await startEmbeddedPostgres({
    dataDir,
    log: (line) => log.info('postgresql', { line }),
    settings: { max_connections: String(Math.max(100, needed)) },
  })
  return { database: { ...embedded.config, database, maxConnections }, stop: () => embedded.stop() }
}
