import { ColoniesError, canonicalJson, limits } from '@colonies/protocol'
import { ensureCron, type MakeCron, releaseCron } from './blueprint-crons.js'
import { type BlueprintHandler, findDefinitionOfKind } from './blueprint-definitions.js'
import { type BlueprintRow, blueprintColumns } from './blueprints.js'
import type { Db } from './db.js'
import type { ReadyLine } from './ready-lines.js'
import { sql } from './sql.js'
import { type ColonyKey, insertProcesses, type NewAttribute, type NewProcess } from './submissions.js'

// Each change is one transaction: blueprint, history, location, cron and the processes that reconcile.

/** What a blueprint is to become. */
export interface NewBlueprint {
  name: string
  kind: string
  location: string
  /** The location in lower case. */
  place: string
  /** JSON texts; this one has labels and annotations. */
  metadata: string
  spec: string
}

/** What a process is to do for a blueprint: `force` is to start from nothing, `cleanup` to free what it had. */
export interface ReconcileWish {
  handler: BlueprintHandler
  location: string
  name: string
  purpose: 'reconcile' | 'force' | 'cleanup'
}

/** Who changes, and what is made of wishes elsewhere. */
export interface BlueprintChange {
  colonyName: string
  changedBy: string
  /** Of a location that is added with it. */
  locationId: string
  /** May be called several times; it must have no effect. */
  makeProcess(wish: ReconcileWish): { process: NewProcess; attributes: readonly NewAttribute[] }
  makeCron: MakeCron
}

export interface ChangedBlueprint {
  row: BlueprintRow
  /** What is ready to be assigned now. */
  ready: ReadyLine[]
}

interface LockedBlueprint extends BlueprintRow {
  waiting: string[]
}

/**
 * Adds a blueprint.
 *
 * @param definitionId of the definition that its spec was checked against
 * @throws ColoniesError `conflict`: the name or the id is taken, or the definition is gone
 */
export function insertBlueprint(
  db: Db,
  colony: ColonyKey,
  blueprint: NewBlueprint & { blueprintId: string; generation: number; status: string; definitionId: string },
  change: BlueprintChange,
): Promise<ChangedBlueprint> {
  const { name, kind, location } = blueprint
  return db.transaction(async (tx) => {
    const handler = await holdDefinition(tx, colony, blueprint)
    const row = await tx.one<LockedBlueprint>(sql`
      insert into blueprints (colony, name, blueprint_id, kind, location, place, metadata, spec, status, generation)
      select ${colony}, ${name}, ${blueprint.blueprintId}, ${kind}, ${location}, ${blueprint.place},
        ${blueprint.metadata}, ${blueprint.spec}, ${blueprint.status}, ${blueprint.generation}
      from colonies where colony_key = ${colony}
      on conflict do nothing returning ${blueprintColumns}, waiting`)
    if (!row) throw await taken(tx, colony, blueprint, change)
    await addLocation(tx, colony, row, change)
    await addHistory(tx, colony, row, { changedBy: change.changedBy, type: 'create' })
    if (!isAutomatic(handler)) return { row, ready: [] }
    return reconcile(tx, colony, row, { change, handler, purpose: 'reconcile' })
  })
}

interface BlueprintUpdate extends NewBlueprint {
  /** null: what was reported stays. */
  status: string | null
  /** A new generation even of the same spec. */
  force: boolean
  /** The generation that it must have; null: any. */
  expected: number | null
  definitionId: string
}

/**
 * Replaces a blueprint, found by its name. With another spec it has a new generation; with that, or at another place, it is
 * reconciled anew, and the place before is cleaned up.
 *
 * @throws ColoniesError `not_found`; `conflict`: it has another generation than expected, or the definition is gone
 */
export function changeBlueprint(
  db: Db,
  colony: ColonyKey,
  update: BlueprintUpdate,
  change: BlueprintChange,
): Promise<ChangedBlueprint> {
  const { name, kind, location } = update
  return db.transaction(async (tx) => {
    const old = await lockBlueprint(tx, colony, name)
    if (!old) throw new ColoniesError('not_found', `blueprint '${name}' not found in namespace '${change.colonyName}'`)
    checkGeneration(old, update.expected)
    const handler = await holdDefinition(tx, colony, update)
    const isNew = update.force || !isSameJson(old.spec, update.spec)
    const row = await tx.one<LockedBlueprint>(sql`
      update blueprints set kind = ${kind}, location = ${location}, place = ${update.place},
        metadata = ${update.metadata}, spec = ${update.spec}, status = coalesce(${update.status}, status),
        generation = generation + ${isNew ? 1 : 0}, updated_at = now()
      where colony = ${colony} and name = ${name} returning ${blueprintColumns}, waiting`)
    if (!row) throw new Error('A locked blueprint is gone.')
    if (isNew) await addHistory(tx, colony, row, { changedBy: change.changedBy, type: 'update' })
    const moved = old.kind !== kind || old.location !== location
    const ready = moved ? await move(tx, colony, { old, row, change }) : []
    if (!(isNew || moved) || !isAutomatic(handler)) return { row, ready }
    const changed = await reconcile(tx, colony, row, { change, handler, purpose: 'reconcile' })
    return { row: changed.row, ready: [...ready, ...changed.ready] }
  })
}

interface Move {
  old: BlueprintRow
  row: BlueprintRow
  change: BlueprintChange
}

/** Leaves the place before. */
async function move(tx: Db, colony: ColonyKey, { old, row, change }: Move): Promise<ReadyLine[]> {
  await addLocation(tx, colony, row, change)
  const before = await findDefinitionOfKind(tx, colony, old.kind)
  await releaseCron(tx, colony, old)
  return cleanUp(tx, colony, { blueprint: old, handler: before, change })
}

/** Removes a blueprint with its history. @throws ColoniesError `not_found` */
export function deleteBlueprint(
  db: Db,
  colony: ColonyKey,
  name: string,
  change: BlueprintChange,
): Promise<ReadyLine[]> {
  return db.transaction(async (tx) => {
    const row = await tx.one<BlueprintRow>(sql`
      delete from blueprints where colony = ${colony} and name = ${name} returning ${blueprintColumns}`)
    if (!row) throw new ColoniesError('not_found', 'Blueprint not found')
    await tx.run(sql`delete from blueprint_history where colony = ${colony} and blueprint_id = ${row.blueprint_id}`)
    await releaseCron(tx, colony, row)
    const handler = await findDefinitionOfKind(tx, colony, row.kind)
    return cleanUp(tx, colony, { blueprint: row, handler, change })
  })
}

/**
 * Submits a process that reconciles a blueprint.
 *
 * @param force with a new generation, to start from nothing
 * @throws ColoniesError `not_found`; `bad_request`: nobody reconciles its kind; `too_many` wait to do so already
 */
export function reconcileBlueprint(
  db: Db,
  colony: ColonyKey,
  { name, force }: { name: string; force: boolean },
  change: BlueprintChange,
): Promise<ChangedBlueprint> {
  return db.transaction(async (tx) => {
    let row = await lockBlueprint(tx, colony, name)
    if (!row) throw new ColoniesError('not_found', 'Blueprint not found')
    const handler = await findDefinitionOfKind(tx, colony, row.kind)
    if (!handler?.executor_type)
      throw new ColoniesError('bad_request', 'Blueprint has no handler with executor type defined')
    if (!handler.function_name)
      throw new ColoniesError('bad_request', 'Blueprint has no handler with function name defined')
    if (force) {
      row = await tx.one<LockedBlueprint>(sql`
        update blueprints set generation = generation + 1, updated_at = now()
        where colony = ${colony} and name = ${name} returning ${blueprintColumns}, waiting`)
      if (!row) throw new Error('A locked blueprint is gone.')
      await addHistory(tx, colony, row, { changedBy: change.changedBy, type: 'update' })
    }
    const changed = await reconcile(tx, colony, row, { change, handler, purpose: force ? 'force' : 'reconcile' })
    if (changed.ready.length > 0) return changed
    throw new ColoniesError(
      'too_many',
      `${limits.blueprintProcessesMax} processes wait to reconcile '${name}' already: is there an executor of type ${handler.executor_type} at its location?`,
    )
  })
}

function lockBlueprint(tx: Db, colony: ColonyKey, name: string): Promise<LockedBlueprint | undefined> {
  return tx.one<LockedBlueprint>(sql`
    select ${blueprintColumns}, waiting from blueprints where colony = ${colony} and name = ${name} for update`)
}

/** Keeps the definition of a kind from being removed before the end of this transaction. */
async function holdDefinition(
  tx: Db,
  colony: ColonyKey,
  { kind, definitionId }: { kind: string; definitionId: string },
): Promise<BlueprintHandler> {
  const handler = await tx.one<BlueprintHandler>(sql`
    select kind, executor_type, function_name, interval_seconds from blueprint_definitions
    where colony = ${colony} and definition_id = ${definitionId} and kind = ${kind} for share`)
  if (!handler) throw new ColoniesError('conflict', `The BlueprintDefinition of kind '${kind}' has just been removed`)
  return handler
}

function checkGeneration({ name, generation }: BlueprintRow, expected: number | null): void {
  if (expected !== null && BigInt(expected) !== generation) throw otherGeneration(name, generation, expected)
}

/** The refusal of a change that was made for another generation. */
export function otherGeneration(name: string, generation: bigint, expected: number): ColoniesError {
  return new ColoniesError(
    'conflict',
    `blueprint '${name}' has generation ${generation}, not ${expected}: read it again, and decide anew`,
  )
}

async function taken(
  tx: Db,
  colony: ColonyKey,
  { name, blueprintId }: { name: string; blueprintId: string },
  { colonyName }: BlueprintChange,
): Promise<ColoniesError> {
  const byName = await tx.one(sql`select 1 from blueprints where colony = ${colony} and name = ${name}`)
  const what = byName ? `name '${name}'` : `id '${blueprintId}'`
  return new ColoniesError('conflict', `blueprint with ${what} already exists in colony '${colonyName}'`)
}

function isSameJson(one: string, other: string): boolean {
  return one === other || canonicalJson(one) === canonicalJson(other)
}

const isAutomatic = ({ executor_type, function_name }: BlueprintHandler) => executor_type !== '' && function_name !== ''

/** A location that nobody has added yet is added with the first blueprint there. */
async function addLocation(
  tx: Db,
  colony: ColonyKey,
  { name, location }: BlueprintRow,
  { locationId }: BlueprintChange,
): Promise<void> {
  if (location === '') return
  await tx.run(sql`
    insert into locations (colony, name, location_id, description)
    values (${colony}, ${location}, ${locationId}, ${`Auto-created from blueprint ${name}`})
    on conflict do nothing`)
}

async function addHistory(
  tx: Db,
  colony: ColonyKey,
  row: BlueprintRow,
  { changedBy, type }: { changedBy: string; type: 'create' | 'update' },
): Promise<void> {
  await tx.run(sql`
    insert into blueprint_history (colony, blueprint_id, generation, kind, name, spec, status, changed_by, change_type)
    values (${colony}, ${row.blueprint_id}, ${row.generation}, ${row.kind}, ${row.name}, ${row.spec}, ${row.status},
      ${changedBy}, ${type})`)
  // Each generation is one more than the one before.
  await tx.run(sql`
    delete from blueprint_history where colony = ${colony} and blueprint_id = ${row.blueprint_id}
      and generation <= ${row.generation - BigInt(limits.blueprintHistoryMax)}`)
}

interface Reconciliation {
  change: BlueprintChange
  handler: BlueprintHandler
  purpose: 'reconcile' | 'force'
}

/**
 * Submits a process that reconciles a blueprint now, unless as many as may be wait for that: they will see it as it is by
 * then. Its place has a cron from then on.
 */
async function reconcile(
  tx: Db,
  colony: ColonyKey,
  row: LockedBlueprint,
  { change, handler, purpose }: Reconciliation,
): Promise<ChangedBlueprint> {
  const { name, location } = row
  // Also where it has one already, since any member may have removed it.
  await ensureCron(tx, colony, { handler, location, makeCron: change.makeCron })
  const waiting = await stillWaiting(tx, colony, row.waiting)
  if (waiting.length >= limits.blueprintProcessesMax && (await holdBack(tx, colony, waiting))) return { row, ready: [] }
  const made = change.makeProcess({ handler, location, name, purpose })
  const ready = await submit(tx, colony, made)
  const { processId } = made.process
  const marked = await tx.one<BlueprintRow>(sql`
    update blueprints set reconcile_process = ${processId}, reconciled_at = now(),
      waiting = ${[...waiting, processId].slice(-limits.blueprintProcessesMax)}::text[]
    where colony = ${colony} and name = ${name} returning ${blueprintColumns}`)
  return { row: marked ?? row, ready }
}

async function stillWaiting(tx: Db, colony: ColonyKey, processIds: readonly string[]): Promise<string[]> {
  if (processIds.length === 0) return []
  const rows = await tx.all<{ process_id: string }>(sql`
    select process_id from live where colony = ${colony} and process_id = any(${processIds}::text[]) and state = 0
    order by process_id`)
  return rows.map((row) => row.process_id)
}

/**
 * Keeps one of the waiting processes in the queue until this transaction has ended, so that whoever gets it reads what is
 * written here.
 */
async function holdBack(tx: Db, colony: ColonyKey, processIds: readonly string[]): Promise<boolean> {
  const held = await tx.one(sql`
    select 1 from live where colony = ${colony} and process_id = any(${processIds}::text[]) and state = 0
    order by process_id desc limit 1 for update skip locked`)
  return held !== undefined
}

interface CleanUp {
  blueprint: Pick<BlueprintRow, 'name' | 'location'>
  handler: BlueprintHandler | undefined
  change: BlueprintChange
}

/** Submits a process that frees what a blueprint had at the place that it leaves. */
async function cleanUp(tx: Db, colony: ColonyKey, { blueprint, handler, change }: CleanUp): Promise<ReadyLine[]> {
  if (!handler?.executor_type) return []
  const { name, location } = blueprint
  return submit(tx, colony, change.makeProcess({ handler, location, name, purpose: 'cleanup' }))
}

async function submit(
  tx: Db,
  colony: ColonyKey,
  { process, attributes }: ReturnType<BlueprintChange['makeProcess']>,
): Promise<ReadyLine[]> {
  await insertProcesses(tx, colony, [process], attributes)
  return [{ executorType: process.executorType, count: 1 }]
}
