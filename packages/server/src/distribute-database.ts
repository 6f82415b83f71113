import { connect, type Distributed, type DistributeOptions, distribute } from '@colonies/database'
import { type Config, ConfigError } from './config.js'

/**
 * Spreads the tables of the configured database over the nodes that its Citus knows.
 *
 * @throws ConfigError without a database of one's own; Error with a sentence when it cannot be done
 */
export async function distributeDatabase({ database }: Config, options: DistributeOptions): Promise<Distributed> {
  if (!database) {
    throw new ConfigError(
      'The embedded database is one PostgreSQL and stays so: set COLONIES_DB_HOST and the other COLONIES_DB_ variables ' +
        'to those of the coordinator of a Citus.',
    )
  }
  const db = connect({ ...database, keepsPlans: false })
  try {
    return await distribute(db, options)
  } finally {
    await db.close()
  }
}
