import { connect, copyDatabase, type DatabaseConfig, distribute, migrate, withClient } from '@colonies/database'

/** So that one of two nodes has several. */
const SHARDS = 3
/** Held while a template is made. */
const LOCK = 7_216_031_854_926n

/**
 * Nodes of a Citus beside its coordinator, which is the server of the tests: `COLONIES_TEST_CITUS=host:port,host:port`.
 * Each has to know the extension, and its user and password are those of the coordinator.
 *
 * @returns none when the variable is not set: tables are on one server then
 */
export function citusNodes(server: DatabaseConfig): DatabaseConfig[] {
  const named = process.env.COLONIES_TEST_CITUS ?? ''
  return named
    .split(',')
    .filter((one) => one !== '')
    .map((one) => {
      const [host = '', port = '5432'] = one.split(':')
      return { ...server, host, port: Number(port) }
    })
}

/**
 * Makes sure that every node has a database to copy from. What Citus knows of the nodes and of the shards is in the databases
 * themselves, by addresses, not by their names: copies of all of them belong together as these do.
 */
export async function ensureSpreadTemplate(nodes: readonly DatabaseConfig[], name: string): Promise<void> {
  const [coordinator, ...others] = nodes
  if (!coordinator) return
  await withClient(coordinator, async (client) => {
    await client.query(`select pg_advisory_lock(${LOCK})`) // until this connection ends
    const found = await client.query({
      text: 'select from pg_database where datname = $1 and datistemplate',
      values: [spread(name)],
    })
    if (found.rowCount) return
    await makeEmptyNodes(nodes, spread(name))
    await fill({ ...coordinator, database: spread(name) })
    for (const node of [...others, coordinator]) await freeze(node, spread(name))
  })
}

/** Copies it on each node. */
export async function copySpreadDatabase(
  nodes: readonly DatabaseConfig[],
  template: string,
  name: string,
): Promise<void> {
  await Promise.all(nodes.map((node) => copyDatabase(node, spread(template), name)))
}

/** A database of this name on each node, with the extension and no tables; the coordinator, which comes first, knows the others. */
export async function makeEmptyNodes(nodes: readonly DatabaseConfig[], name: string): Promise<void> {
  const [coordinator, ...others] = nodes
  for (const node of nodes) await makeEmpty(node, name)
  if (coordinator) await introduce({ ...coordinator, database: name }, others)
}

const spread = (name: string) => `${name}_spread`

function makeEmpty(node: DatabaseConfig, name: string): Promise<void> {
  return withClient({ ...node, database: 'postgres' }, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name} template template0 encoding 'UTF8'`)
    await withClient({ ...node, database: name }, (inside) => inside.query('create extension citus'))
  })
}

function introduce(coordinator: DatabaseConfig, others: readonly DatabaseConfig[]): Promise<void> {
  return withClient(coordinator, async (client) => {
    await client.query('select citus_set_coordinator_host($1, $2)', [coordinator.host, coordinator.port])
    for (const { host, port } of others) await client.query('select citus_add_node($1, $2)', [host, port])
  })
}

async function fill(config: DatabaseConfig): Promise<void> {
  const db = connect({ ...config, keepsPlans: false })
  try {
    await migrate(db)
    await distribute(db, { shards: SHARDS, say: () => {} })
  } finally {
    await db.close()
  }
}

/** Nobody may be connected to what is copied, not even Citus. */
function freeze(node: DatabaseConfig, name: string): Promise<void> {
  return withClient({ ...node, database: 'postgres' }, async (client) => {
    await client.query(`alter database ${name} with allow_connections false`)
    await client.query({
      text: 'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1',
      values: [name],
    })
    await client.query(`alter database ${name} with is_template true`)
  })
}
