import { limits } from '@colonies/protocol'
import type { Db } from './db.js'
import { type IdChange, idChange, noteChanges } from './directory-changes.js'
import { endedByBytes } from './ended-by-bytes.js'
import { isUniqueViolation } from './errors.js'
import { forgetInstances } from './instances.js'
import type { ReadyLine } from './ready-lines.js'
import { releaseHeldBy } from './releases.js'
import { moveSchedules } from './schedule-owners.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface NewExecutor {
  name: string
  executor_id: string
  executor_type: string
  location: string
  require_func_reg: boolean
  /** JSON texts in their wire form. */
  capabilities: string
  allocations: string
  blueprint_id: string
  blueprint_gen: bigint
}

export interface ExecutorRow extends NewExecutor {
  state: number
  commissioned_at: string
  last_heard_at: string | null
}

const columns = sql`name, executor_id, executor_type, state, location, require_func_reg, capabilities, allocations,
  blueprint_id, blueprint_gen, commissioned_at, last_heard_at`

/** @returns undefined when the name or the id is taken */
export function insertExecutor(db: Db, colony: ColonyKey, e: NewExecutor): Promise<ExecutorRow | undefined> {
  return db.one<ExecutorRow>(sql`
    with added as (
      insert into executors (colony, name, executor_id, executor_type, location, require_func_reg, capabilities,
        allocations, blueprint_id, blueprint_gen)
      values (${colony}, ${e.name}, ${e.executor_id}, ${e.executor_type}, ${e.location}, ${e.require_func_reg},
        ${e.capabilities}, ${e.allocations}, ${e.blueprint_id}, ${e.blueprint_gen})
      on conflict do nothing returning ${columns}
    ), noted as (insert into directory_changes (subject) select executor_id from added)
    select ${columns} from added`)
}

export interface Replaced {
  /** undefined when an executor of another name has the id. */
  row: ExecutorRow | undefined
  ready: ReadyLine[]
}

/**
 * Adds an executor, in the place of one of the same name if there is one: what the old one held is released, its
 * functions go.
 */
export async function replaceExecutor(db: Db, colony: ColonyKey, executor: NewExecutor): Promise<Replaced> {
  try {
    return await addOrReplace(db, colony, executor)
  } catch (error) {
    if (isUniqueViolation(error)) return { row: undefined, ready: [] }
    throw error
  }
}

function addOrReplace(db: Db, colony: ColonyKey, e: NewExecutor): Promise<Replaced> {
  return db.transaction(async (tx) => {
    // The insert comes first: it waits for others that add the same name, so that the look afterwards finds theirs.
    const added = await insertExecutor(tx, colony, e)
    if (added) return { row: added, ready: [] }
    const old = await tx.one<{ executor_id: string }>(sql`
      select executor_id from executors where colony = ${colony} and name = ${e.name} for update`)
    if (!old) return { row: undefined, ready: [] }
    const ready = await releaseHeldBy(tx, colony, old.executor_id)
    await forgetInstances(tx, colony, old.executor_id)
    await tx.run(sql`delete from functions where colony = ${colony} and executor_name = ${e.name}`)
    const row = await tx.one<ExecutorRow>(sql`
      update executors set executor_id = ${e.executor_id}, executor_type = ${e.executor_type}, state = 0,
        location = ${e.location}, require_func_reg = ${e.require_func_reg}, capabilities = ${e.capabilities},
        allocations = ${e.allocations}, blueprint_id = ${e.blueprint_id}, blueprint_gen = ${e.blueprint_gen},
        commissioned_at = now(), last_heard_at = null, leased = false, heartbeat_at = null
      where colony = ${colony} and name = ${e.name} returning ${columns}`)
    await noteChanges(tx, [old.executor_id, e.executor_id])
    return { row, ready }
  })
}

/** Executors by name, in all states, after the name `after`. */
export function listExecutors(
  db: Db,
  colony: ColonyKey,
  { after, count }: { after: string; count: number },
): Promise<ExecutorRow[]> {
  const page = sql`
    select ${columns} from executors where colony = ${colony} and name > ${after} order by name limit ${count}`
  const bytes = sql`octet_length(capabilities) + octet_length(allocations)`
  return db.all<ExecutorRow>(endedByBytes(page, { columns, bytes, order: sql`name`, bytesMax: limits.listBytesMax }))
}

export function findExecutor(db: Db, colony: ColonyKey, name: string): Promise<ExecutorRow | undefined> {
  return db.one<ExecutorRow>(sql`select ${columns} from executors where colony = ${colony} and name = ${name}`)
}

export function findExecutorById(db: Db, colony: ColonyKey, executorId: string): Promise<ExecutorRow | undefined> {
  return db.one<ExecutorRow>(sql`
    select ${columns} from executors where colony = ${colony} and executor_id = ${executorId}`)
}

/** Approves an executor, whatever its state. @returns false when there is none of that name */
export async function approveExecutor(db: Db, colony: ColonyKey, name: string): Promise<boolean> {
  const row = await db.one(sql`
    with approved as (
      update executors set state = 1 where colony = ${colony} and name = ${name} returning executor_id
    ), noted as (insert into directory_changes (subject) select executor_id from approved)
    select executor_id from approved`)
  return row !== undefined
}

/**
 * Rejects (2) or unregisters (3) an executor and releases what it holds, in one transaction.
 *
 * @returns what became ready; undefined when there is no executor of that name
 */
export function revokeExecutor(
  db: Db,
  colony: ColonyKey,
  name: string,
  state: 2 | 3,
): Promise<ReadyLine[] | undefined> {
  return db.transaction(async (tx) => {
    const row = await tx.one<{ executor_id: string }>(sql`
      update executors set state = ${state} where colony = ${colony} and name = ${name} returning executor_id`)
    if (!row) return undefined
    if (state === 3) {
      await tx.run(sql`delete from functions where colony = ${colony} and executor_name = ${name}`)
      await tx.run(sql`delete from function_counters where colony = ${colony} and executor_name = ${name}`)
    }
    await forgetInstances(tx, colony, row.executor_id)
    await noteChanges(tx, [row.executor_id])
    return releaseHeldBy(tx, colony, row.executor_id)
  })
}

export function setAllocations(db: Db, colony: ColonyKey, name: string, allocations: string): Promise<number> {
  return db.run(sql`
    update executors set allocations = ${allocations} where colony = ${colony} and name = ${name}`)
}

export function setCapabilities(db: Db, colony: ColonyKey, name: string, capabilities: string): Promise<number> {
  return db.run(sql`
    update executors set capabilities = ${capabilities} where colony = ${colony} and name = ${name}`)
}

/** A heartbeat without instance. From now on, silence releases what this executor holds. */
export function beat(db: Db, colony: ColonyKey, executorId: string): Promise<number> {
  return db.run(sql`
    update executors set leased = true, heartbeat_at = now(), last_heard_at = now()
    where colony = ${colony} and executor_id = ${executorId}`)
}

/** Gives an executor that has rights a new identity, and what the old one holds with it. */
export function setExecutorId(db: Db, colony: ColonyKey, from: string, to: string): Promise<IdChange> {
  return idChange(
    db.transaction(async (tx) => {
      const changed = await tx.run(sql`
        update executors set executor_id = ${to}
        where colony = ${colony} and executor_id = ${from} and state in (0, 1)`)
      if (changed === 0) return 0
      await tx.run(sql`update live set holder = ${to} where colony = ${colony} and holder = ${from}`)
      await tx.run(sql`
        update executor_instances set executor_id = ${to} where colony = ${colony} and executor_id = ${from}`)
      await moveSchedules(tx, colony, from, to)
      await noteChanges(tx, [from, to])
      return changed
    }),
  )
}
