import type { Db } from './db.js'
import { colonySubject, type IdChange, idChange, noteChanges } from './directory-changes.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface ColonyListing {
  colony_key: ColonyKey
  name: string
  colony_id: string
}

/** @returns undefined when a colony has that name already */
export function insertColony(db: Db, name: string, colonyId: string): Promise<ColonyListing | undefined> {
  return db.transaction(async (tx) => {
    const row = await tx.one<ColonyListing>(sql`
      insert into colonies (name, colony_id) values (${name}, ${colonyId})
      on conflict do nothing returning colony_key, name, colony_id`)
    if (row) await noteChanges(tx, [colonySubject(name)])
    return row
  })
}

/** Colonies by name, after the name `after`. */
export function listColonies(db: Db, { after, count }: { after: string; count: number }): Promise<ColonyListing[]> {
  return db.all<ColonyListing>(sql`
    select colony_key, name, colony_id from colonies where name > ${after} order by name limit ${count}`)
}

/**
 * Removes a colony and its members: nobody has rights in it from then on, and its name is free. What else belongs to it
 * is taken away by a sweep; its key is never used again.
 */
export function deleteColony(db: Db, name: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const colony = await tx.one<{ colony_key: ColonyKey }>(sql`
      delete from colonies where name = ${name} returning colony_key`)
    if (!colony) return false
    const key = colony.colony_key
    await tx.run(sql`
      with members as (
        delete from executors where colony = ${key} returning executor_id as subject
      ), people as (
        delete from users where colony = ${key} returning user_id as subject
      )
      insert into directory_changes (subject)
      select subject from members union select subject from people union select ${colonySubject(name)}`)
    await tx.run(sql`insert into removed_colonies (colony) values (${key}) on conflict do nothing`)
    return true
  })
}

/** Pauses or resumes assignments. */
export function setPaused(db: Db, colony: ColonyKey, paused: boolean): Promise<number> {
  return db.run(sql`
    with changed as (
      update colonies set paused = ${paused} where colony_key = ${colony} and paused <> ${paused}
      returning 'colony:' || name as subject
    )
    insert into directory_changes (subject) select subject from changed`)
}

/** Whether there still is such a colony. */
export async function isColony(db: Db, colony: ColonyKey): Promise<boolean> {
  return (await db.one(sql`select 1 from colonies where colony_key = ${colony}`)) !== undefined
}

export async function isPaused(db: Db, colony: ColonyKey): Promise<boolean> {
  const row = await db.one<{ paused: boolean }>(sql`select paused from colonies where colony_key = ${colony}`)
  return row?.paused ?? false
}

/** Gives a colony a new owner, whose id may own other colonies too. */
export function setColonyOwner(db: Db, colony: ColonyKey, from: string, to: string): Promise<IdChange> {
  return idChange(
    db.run(sql`
      with changed as (
        update colonies set colony_id = ${to} where colony_key = ${colony} and colony_id = ${from}
        returning 'colony:' || name as subject
      )
      insert into directory_changes (subject) select subject from changed`),
  )
}
