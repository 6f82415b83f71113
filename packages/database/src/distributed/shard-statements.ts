import { createHash } from 'node:crypto'
import { Sql } from '../sql.js'
import type { Shard } from './shard-map.js'
import type { Aim, TablePlaces } from './table-places.js'

type Statement = Sql['statement']

/** Statements as they are sent to shards, each made once. */
export class ShardStatements {
  readonly #places: TablePlaces
  readonly #aims = new WeakMap<Statement, Aim>()
  readonly #statements = new Map<string, WeakMap<Statement, Statement>>()

  constructor(places: TablePlaces) {
    this.#places = places
  }

  aimOf({ statement }: Sql): Aim {
    let aim = this.#aims.get(statement)
    if (!aim) this.#aims.set(statement, (aim = this.#places.aimOf(statement.text)))
    return aim
  }

  /** The statement over the tables of one shard. */
  over(shard: Shard, { statement, values }: Sql): Sql {
    let ofShard = this.#statements.get(shard.key)
    if (!ofShard) this.#statements.set(shard.key, (ofShard = new WeakMap()))
    let made = ofShard.get(statement)
    if (!made) {
      const text = this.#places.renamed(statement.text, (table) => shard.names.get(table) ?? table)
      const name = createHash('sha256').update(text).digest('base64url').slice(0, 16)
      ofShard.set(statement, (made = { pieces: [text], text, name }))
    }
    return new Sql(made, values)
  }
}
