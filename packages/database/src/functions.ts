import { limits } from '@colonies/protocol'
import type { Db } from './db.js'
import { endedByBytes } from './ended-by-bytes.js'
import { isUniqueViolation } from './errors.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface FunctionRow {
  function_id: string
  executor_name: string
  executor_type: string
  function_name: string
  description: string
  /** JSON text in its wire form. */
  args: string
  location: string
}

const columns = sql`function_id, executor_name, executor_type, function_name, description, args, location`

/**
 * Registers a function. Again under the same name: description and arguments are replaced, the id stays.
 *
 * @returns undefined when another function has the id
 */
export async function upsertFunction(db: Db, colony: ColonyKey, f: FunctionRow): Promise<FunctionRow | undefined> {
  try {
    return await db.one<FunctionRow>(sql`
      insert into functions (colony, function_id, executor_name, executor_type, function_name, description, args,
        location)
      values (${colony}, ${f.function_id}, ${f.executor_name}, ${f.executor_type}, ${f.function_name}, ${f.description},
        ${f.args}, ${f.location})
      on conflict (colony, executor_name, function_name) do update set executor_type = excluded.executor_type,
        description = excluded.description, args = excluded.args, location = excluded.location
      returning ${columns}`)
  } catch (error) {
    if (isUniqueViolation(error)) return undefined
    throw error
  }
}

/** Two names that are one function in its colony; both empty: before all others. */
export interface FunctionNames {
  executor: string
  function: string
}

/** Functions of one executor, or of the colony when `executorName` is empty, after the one of these two names. */
export function listFunctions(
  db: Db,
  colony: ColonyKey,
  { executorName, after, count }: { executorName: string; after: FunctionNames; count: number },
): Promise<FunctionRow[]> {
  const order = sql`executor_name, function_name`
  const page = sql`
    select ${columns} from functions
    where colony = ${colony} and (${order}) > (${after.executor}, ${after.function})
      ${executorName === '' ? sql`` : sql`and executor_name = ${executorName}`}
    order by ${order} limit ${count}`
  const bytes = sql`octet_length(description) + octet_length(args)`
  return db.all<FunctionRow>(endedByBytes(page, { columns, bytes, order, bytesMax: limits.listBytesMax }))
}

export function findFunction(db: Db, colony: ColonyKey, functionId: string): Promise<FunctionRow | undefined> {
  return db.one<FunctionRow>(sql`
    select ${columns} from functions where colony = ${colony} and function_id = ${functionId}`)
}

/** @returns 0 when it is not there, or belongs to another executor */
export function deleteFunction(db: Db, colony: ColonyKey, functionId: string, executorName: string): Promise<number> {
  return db.run(sql`
    delete from functions where colony = ${colony} and function_id = ${functionId} and executor_name = ${executorName}`)
}
