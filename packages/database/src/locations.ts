import { limits } from '@colonies/protocol'
import type { Db } from './db.js'
import { endedByBytes } from './ended-by-bytes.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface LocationRow {
  name: string
  location_id: string
  description: string
  long: number
  lat: number
}

const columns = sql`name, location_id, description, long, lat`

/** @returns undefined when the name is taken */
export function insertLocation(db: Db, colony: ColonyKey, l: LocationRow): Promise<LocationRow | undefined> {
  return db.one<LocationRow>(sql`
    insert into locations (colony, name, location_id, description, long, lat)
    values (${colony}, ${l.name}, ${l.location_id}, ${l.description}, ${l.long}::float8, ${l.lat}::float8)
    on conflict do nothing returning ${columns}`)
}

export function listLocations(
  db: Db,
  colony: ColonyKey,
  { after, count }: { after: string; count: number },
): Promise<LocationRow[]> {
  const page = sql`
    select ${columns} from locations where colony = ${colony} and name > ${after} order by name limit ${count}`
  const [bytes, order] = [sql`octet_length(description)`, sql`name`]
  return db.all<LocationRow>(endedByBytes(page, { columns, bytes, order, bytesMax: limits.listBytesMax }))
}

export function findLocation(db: Db, colony: ColonyKey, name: string): Promise<LocationRow | undefined> {
  return db.one<LocationRow>(sql`select ${columns} from locations where colony = ${colony} and name = ${name}`)
}

export function deleteLocation(db: Db, colony: ColonyKey, name: string): Promise<number> {
  return db.run(sql`delete from locations where colony = ${colony} and name = ${name}`)
}
