import { type Client, escapeIdentifier } from 'pg'
import type { DatabaseConfig } from './connect.js'
import { withClient } from './ensure-database.js'

/** Held while a template is made. */
const LOCK = 7_216_031_854_922n

/**
 * Makes sure that there is a database to copy from. One caller makes it, others wait; it has its name when it is whole.
 *
 * @param fill fills a new, empty database and closes all connections to it
 */
export async function ensureTemplate(
  server: DatabaseConfig,
  name: string,
  fill: (config: DatabaseConfig) => Promise<void>,
): Promise<void> {
  await onServer(server, async (client) => {
    await client.query(`select pg_advisory_lock(${LOCK})`) // until this connection ends
    const found = await client.query({ text: 'select from pg_database where datname = $1', values: [name] })
    if (found.rowCount) return
    const unfinished = `${name}_unfinished`
    await client.query(`drop database if exists ${escapeIdentifier(unfinished)} with (force)`)
    await client.query(`create database ${escapeIdentifier(unfinished)} template template0 encoding 'UTF8'`)
    await fill({ ...server, database: unfinished })
    await client.query(`alter database ${escapeIdentifier(unfinished)} rename to ${escapeIdentifier(name)}`)
  })
}

/** Nobody may be connected to `template`. */
export async function copyDatabase(server: DatabaseConfig, template: string, name: string): Promise<void> {
  await onServer(server, async (client) => {
    // Copying files takes 30 ms, copying through the log 200. Before 15 there was no choice, and it was by files.
    const { rows } = await client.query(`select current_setting('server_version_num')::int >= 150000 as can_choose`)
    const strategy = rows[0]?.can_choose ? 'strategy file_copy' : ''
    await client.query(`create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} ${strategy}`)
  })
}

/** Ends whoever is connected to it. */
export async function dropDatabase(server: DatabaseConfig, name: string): Promise<void> {
  await onServer(server, (client) => client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`))
}

async function onServer(server: DatabaseConfig, work: (client: Client) => Promise<unknown>): Promise<void> {
  await withClient({ ...server, database: 'postgres' }, work)
}
