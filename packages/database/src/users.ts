import type { Db } from './db.js'
import { type IdChange, idChange, noteChanges } from './directory-changes.js'
import { moveSchedules } from './schedule-owners.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface UserRow {
  name: string
  user_id: string
  email: string
  phone: string
}

const columns = sql`name, user_id, email, phone`

/** @returns undefined when the name or the id is taken */
export function insertUser(db: Db, colony: ColonyKey, user: UserRow): Promise<UserRow | undefined> {
  return db.one<UserRow>(sql`
    with added as (
      insert into users (colony, name, user_id, email, phone)
      values (${colony}, ${user.name}, ${user.user_id}, ${user.email}, ${user.phone})
      on conflict do nothing returning ${columns}
    ), noted as (insert into directory_changes (subject) select user_id from added)
    select ${columns} from added`)
}

/** Users by name, after the name `after`. */
export function listUsers(
  db: Db,
  colony: ColonyKey,
  { after, count }: { after: string; count: number },
): Promise<UserRow[]> {
  return db.all<UserRow>(sql`
    select ${columns} from users where colony = ${colony} and name > ${after} order by name limit ${count}`)
}

export function findUser(db: Db, colony: ColonyKey, name: string): Promise<UserRow | undefined> {
  return db.one<UserRow>(sql`select ${columns} from users where colony = ${colony} and name = ${name}`)
}

export function findUserById(db: Db, colony: ColonyKey, userId: string): Promise<UserRow | undefined> {
  return db.one<UserRow>(sql`select ${columns} from users where colony = ${colony} and user_id = ${userId}`)
}

/** @returns how many were removed */
export function deleteUser(db: Db, colony: ColonyKey, name: string): Promise<number> {
  return db.run(sql`
    with gone as (delete from users where colony = ${colony} and name = ${name} returning user_id)
    insert into directory_changes (subject) select user_id from gone`)
}

/** Gives a user a new identity; both the old and the new one are subjects of the change. */
export function setUserId(db: Db, colony: ColonyKey, from: string, to: string): Promise<IdChange> {
  return idChange(
    db.transaction(async (tx) => {
      const changed = await tx.run(sql`
        update users set user_id = ${to} where colony = ${colony} and user_id = ${from}`)
      if (changed === 0) return 0
      await moveSchedules(tx, colony, from, to)
      await noteChanges(tx, [from, to])
      return changed
    }),
  )
}
