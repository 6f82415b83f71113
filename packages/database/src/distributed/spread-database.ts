import { connect, type Database, type DatabaseConfig, type ScriptTransaction } from '../connect.js'
import type { FailureCounts } from '../failures.js'
import type { Sql } from '../sql.js'
import type { ColonyKey } from '../submissions.js'
import { beatTables } from './layout.js'
import { holdShards, type ShardGuard } from './shard-guard.js'
import { isDistributed, readShardMap, type Shard, type ShardMap, shardKeyOf } from './shard-map.js'
import { ShardStatements } from './shard-statements.js'
import { TablePlaces } from './table-places.js'

/**
 * A database whose tables are spread over several PostgreSQL nodes by Citus, each colony whole on one of them.
 *
 * A statement about one colony goes straight to the node that has it, under the names that the tables have there: as a plain
 * statement on plain tables, so it is as fast, and means the same, as on one PostgreSQL; a transaction is one of that node.
 * What is the server's own goes to the coordinator, and what is about all colonies to every shard.
 *
 * @param config of the coordinator
 * @param plain to the same; closed when the tables are spread
 * @returns `plain` itself when they are not
 */
export async function spreadDatabase(plain: Database, config: DatabaseConfig): Promise<Database> {
  if (!(await isDistributed(plain))) return plain
  await plain.close()
  const coordinator = connect({ ...config, keepsPlans: false })
  const spread = new Spread(coordinator, config)
  try {
    await spread.open()
  } catch (error) {
    await spread.close()
    throw error
  }
  return {
    get failures() {
      return spread.failures()
    },
    get silentMs() {
      return coordinator.silentMs
    },
    get nodes() {
      return spread.nodes
    },
    all: (statement) => spread.all(statement),
    one: async (statement) => (await spread.all<never>(statement))[0],
    run: (statement) => spread.run(statement),
    transaction: (work) => spread.transaction(work),
    oneByOne: (texts) => coordinator.oneByOne(texts),
    close: () => spread.close(),
  }
}

/** Ends a try of a transaction: its first statement says where it has to run. */
class PlaceFound extends Error {
  readonly place: Place

  constructor(place: Place) {
    super('A transaction begins again where its first statement belongs')
    this.place = place
  }
}

/** Where a statement runs, and as what: a shard, or the coordinator where there is none. */
interface Place {
  db: Database
  shard?: Shard
}

/** What is known of the nodes; it stays so for as long as shards are held where they are. */
interface Nodes {
  /** All servers: the coordinator, and those with shards. */
  all: readonly Database[]
  statements: ShardStatements
  /** By keys of shards. */
  places: ReadonlyMap<string, Place>
  /** All that has to be closed. */
  pools: readonly Database[]
  /** Tells this map from another one. */
  print: string
}

class Spread {
  readonly #coordinator: Database
  readonly #config: DatabaseConfig
  readonly #keys = new Map<ColonyKey, Promise<string | undefined>>()
  #known: Nodes | undefined
  #wereMoved = false
  #guard: ShardGuard | undefined

  constructor(coordinator: Database, config: DatabaseConfig) {
    this.#coordinator = coordinator
    this.#config = config
  }

  async open(): Promise<void> {
    this.#guard = await holdShards(this.#config, async () => {
      const map = await readShardMap(this.#coordinator)
      const print = JSON.stringify([[...map.nodes], map.shards.map(({ key, node, names }) => [key, node, ...names])])
      this.#known ??= { ...connectNodes(this.#coordinator, map, this.#config), print }
      this.#wereMoved = this.#known.print !== print
    })
  }

  get nodes(): readonly Database[] {
    return this.#nodes.all
  }

  /** Where shards were moved while this process could not hold them, nothing that it knows of them counts. */
  get #nodes(): Nodes {
    if (!this.#known || this.#wereMoved)
      throw new Error('Shards of the database were moved while its coordinator was away: start this replica again.')
    return this.#known
  }

  async all<Row>(statement: Sql): Promise<Row[]> {
    const places = await this.#placesOf(statement)
    const [only, ...others] = places
    if (only && others.length === 0) return only.db.all<Row>(this.#at(only, statement))
    return (await Promise.all(places.map((place) => place.db.all<Row>(this.#at(place, statement))))).flat()
  }

  async run(statement: Sql): Promise<number> {
    const places = await this.#placesOf(statement)
    const counts = await Promise.all(places.map((place) => place.db.run(this.#at(place, statement))))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** The first statement tells the node, so `work` begins twice; as it has to bear anyway. */
  async transaction<T>(work: (tx: ScriptTransaction) => Promise<T>): Promise<T> {
    const look = async (statement: Sql): Promise<never> => {
      const [place, other] = await this.#placesOf(statement)
      if (!place || other) throw new Error('A transaction is about one colony, or about the server alone.')
      throw new PlaceFound(place)
    }
    const onCoordinator = () => Promise.reject(new PlaceFound({ db: this.#coordinator }))
    const looking: ScriptTransaction = {
      all: look,
      one: look,
      run: look,
      script: onCoordinator,
      transaction: (inner) => inner(looking),
    }
    try {
      return await work(looking)
    } catch (error) {
      if (!(error instanceof PlaceFound)) throw error
      const { place } = error
      return place.db.transaction((tx) => work(this.#within(tx, place)))
    }
  }

  /** On the coordinator Citus itself spreads what a statement does. */
  #within(tx: ScriptTransaction, place: Place): ScriptTransaction {
    if (!place.shard) return tx
    const at = async (statement: Sql) => {
      const aim = this.#nodes.statements.aimOf(statement)
      if (aim.of !== 'server' && aim.of !== 'every node') {
        const [found, other] = await this.#placesOf(statement)
        if (other || found?.shard !== place.shard) throw new Error('A transaction is about one colony.')
      }
      return this.#at(place, statement)
    }
    const inside: ScriptTransaction = {
      all: async <Row>(statement: Sql) => tx.all<Row>(await at(statement)),
      one: async <Row>(statement: Sql) => tx.one<Row>(await at(statement)),
      run: async (statement) => tx.run(await at(statement)),
      script: (text) => tx.script(text),
      transaction: (inner) => inner(inside),
    }
    return inside
  }

  #at(place: Place, statement: Sql): Sql {
    return place.shard ? this.#nodes.statements.over(place.shard, statement) : statement
  }

  async #placesOf(statement: Sql): Promise<Place[]> {
    const aim = this.#nodes.statements.aimOf(statement)
    if (aim.of === 'server') return [{ db: this.#coordinator }]
    if (aim.of === 'every node') return this.#nodes.all.map((db) => ({ db }))
    if (aim.of === 'every colony') return [...this.#nodes.places.values()]
    const value = statement.values[aim.parameter]
    const colonies = aim.of === 'colony' ? [value as ColonyKey] : (value as readonly ColonyKey[])
    const keys = await Promise.all(colonies.map((colony) => this.#keyOf(colony)))
    return [...new Set(keys)].flatMap((key) => this.#nodes.places.get(key ?? '') ?? [])
  }

  /** A colony never moves to another shard. */
  async #keyOf(colony: ColonyKey): Promise<string | undefined> {
    let key = this.#keys.get(colony)
    if (!key) {
      key = shardKeyOf(this.#coordinator, colony)
      this.#keys.set(colony, key)
      key.catch(() => this.#keys.delete(colony))
    }
    return key
  }

  failures(): FailureCounts {
    const [first, ...others] = this.#pools.map((db) => db.failures)
    const sum = { ...first } as Record<string, number>
    for (const counts of others)
      for (const [kind, count] of Object.entries(counts)) sum[kind] = (sum[kind] ?? 0) + count
    return sum as unknown as FailureCounts
  }

  async close(): Promise<void> {
    await this.#guard?.release()
    await Promise.all(this.#pools.map((db) => db.close()))
  }

  get #pools(): readonly Database[] {
    return this.#known?.pools ?? [this.#coordinator]
  }
}

function connectNodes(coordinator: Database, map: ShardMap, config: DatabaseConfig): Omit<Nodes, 'print'> {
  const byNode = new Map<string, Database>()
  const others: Database[] = []
  for (const [node, { host, port, isCoordinator }] of map.nodes) {
    // With connections of its own also where it is the coordinator: there, statements on shards keep their plans.
    const db = connect(isCoordinator ? config : { ...config, host, port })
    byNode.set(node, db)
    if (!isCoordinator) others.push(db)
  }
  return {
    all: [coordinator, ...others],
    statements: new ShardStatements(new TablePlaces({ ...map, own: beatTables })),
    places: new Map(map.shards.map((shard) => [shard.key, { db: byNode.get(shard.node) as Database, shard }])),
    pools: [coordinator, ...byNode.values()],
  }
}
