import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { connectionOptions, type DatabaseConfig } from './connect.js'
import { isConnectionFailure } from './errors.js'

/**
 * Creates the database when the server does not have it. Needs no right to create one when it exists.
 *
 * @param isOurs the server belongs to this program, and lets it into every database. Then its list of databases is read:
 *   a login to one that does not exist would leave a line `FATAL` in its log. On other servers that list may be closed to us.
 * @throws Error with a sentence for whoever runs the server: unreachable, wrong password, may not create
 */
export async function ensureDatabase(config: DatabaseConfig, { isOurs = false } = {}): Promise<void> {
  if (await exists(config, isOurs)) return
  try {
    await withClient(maintenanceOf(config), (client) =>
      // From template0, as only that one can be copied with an encoding and order other than its own.
      client.query(`create database ${escapeIdentifier(config.database)}
        template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`),
    )
  } catch (error) {
    // Another replica was first; 23505 is the same race, noticed later.
    if (error instanceof DatabaseError && (error.code === '42P04' || error.code === '23505')) return
    throw new Error(
      `Database "${config.database}" does not exist at ${place(config)} and user "${config.user}" could not create it ` +
        `(${messageOf(error)}). Create it yourself: create database ${escapeIdentifier(config.database)} ` +
        `owner ${escapeIdentifier(config.user)} encoding 'UTF8' template template0.`,
      { cause: error },
    )
  }
}

async function exists(config: DatabaseConfig, isListed: boolean): Promise<boolean> {
  try {
    if (isListed) return await isInList(config)
    await withClient(config, (client) => client.query('select'))
    return true
  } catch (error) {
    if (error instanceof DatabaseError) {
      if (error.code === '3D000') return false
      if (error.code?.startsWith('28')) {
        const way = 'Check COLONIES_DB_USER and COLONIES_DB_PASSWORD, and pg_hba.conf of the database.'
        throw new Error(`PostgreSQL at ${place(config)} refused user "${config.user}": ${error.message}. ${way}`, {
          cause: error,
        })
      }
    }
    if (!isConnectionFailure(error)) throw error
    throw new Error(
      `PostgreSQL cannot be reached at ${place(config)} (${messageOf(error)}). ` +
        'Start it, or correct COLONIES_DB_HOST and COLONIES_DB_PORT.',
      { cause: error },
    )
  }
}

async function isInList(config: DatabaseConfig): Promise<boolean> {
  return withClient(maintenanceOf(config), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [config.database])
    return rowCount === 1
  })
}

/** The database that every server has. */
function maintenanceOf(config: DatabaseConfig): DatabaseConfig {
  return { ...config, database: 'postgres' }
}

/** Gives `work` a connection of its own, outside of any pool, and ends it. */
export async function withClient<Result>(
  config: DatabaseConfig,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...connectionOptions(config), connectionTimeoutMillis: config.acquireTimeoutMs ?? 5_000 })
  client.on('error', () => {}) // the statement under way is rejected with it
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function place({ host, port }: DatabaseConfig): string {
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`
}

function messageOf(error: unknown): string {
  // A name with several addresses fails with one error for each of them, and a message of none.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
