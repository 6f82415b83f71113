import type { Db } from '../db.js'
import { Sql } from '../sql.js'

/** A Db that explains each statement before it runs it: the plan for any values, which connections make once and keep. */
export function watched(db: Db, plans: string[]): Db {
  const explain = (statement: Sql) => explainInto(plans, db, statement)
  return {
    all: (statement) => explain(statement).then(() => db.all(statement)),
    one: (statement) => explain(statement).then(() => db.one(statement)),
    run: (statement) => explain(statement).then(() => db.run(statement)),
    transaction: (work) => db.transaction((tx) => work(watched(tx, plans))),
  }
}

/** By `prepare`: a plain `explain` plans for the values that it is given. */
function explainInto(plans: string[], db: Db, statement: Sql): Promise<void> {
  const { text, pieces, name } = statement.statement
  const run = (tx: Db, command: string) =>
    tx.all<{ 'QUERY PLAN': string }>(new Sql({ pieces: [command], text: command, name: '' }, []))
  const values = pieces.length > 1 ? `(${Array(pieces.length - 1).fill('null')})` : ''
  return db.transaction(async (tx) => {
    // No partition holds what is equal to null: all would be left out of the plan that is shown.
    await run(tx, 'set local enable_partition_pruning = off')
    await run(tx, `prepare "x${name}" as ${text}`)
    const rows = await run(tx, `explain execute "x${name}"${values}`)
    await run(tx, `deallocate "x${name}"`)
    await run(tx, 'set local enable_partition_pruning = on')
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
  })
}
