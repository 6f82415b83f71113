import type { Db } from './db.js'
import { sql } from './sql.js'

/** A replica as the others know it. */
export interface ReplicaRow {
  replica_id: string
  name: string
  host: string
  port: number
  started_at: string
  heard_at: string
  /** The newest migration that it knows. */
  knows: number
}

export interface LeaderLease {
  replica_id: string
  /** One more with each change of the leader. */
  epoch: bigint
}

export type NewReplica = Pick<ReplicaRow, 'replica_id' | 'name' | 'host' | 'port' | 'knows'>

/** Silence after which a replica is taken for gone. */
const ALIVE_SECONDS = 10
/** Silence after which nobody has to see it any more. */
const FORGET_SECONDS = 60
/** How long a leader leads without a word. */
export const LEAD_SECONDS = 10

/** What a replica knows of the others after it has said that it lives. */
export interface Beat {
  /** By name, this one included. */
  alive: ReplicaRow[]
  /** Who leads now; undefined in the moment in which two replicas ask for the first lease ever. */
  leader: LeaderLease | undefined
}

/**
 * Says that this replica lives, and takes or prolongs the lease unless another replica has it: right on any number of replicas
 * at once, since its row is one. Whoever leads forgets those that left without a word. All in one commit: each replica does it
 * every other second, forever.
 */
export async function beatReplica(db: Db, { replica_id, name, host, port, knows }: NewReplica): Promise<Beat> {
  const columns = sql`replica_id, name, host, port, started_at, heard_at, knows`
  const rows = await db.all<ReplicaRow & { leader_id: string | null; epoch: bigint | null }>(sql`
    with me as (
      insert into replicas (replica_id, name, host, port, knows)
      values (${replica_id}, ${name}, ${host}, ${port}, ${knows})
      on conflict (replica_id) do update set name = excluded.name, host = excluded.host, port = excluded.port,
        knows = excluded.knows, heard_at = now()
      returning ${columns}
    ), mine as (
      insert into leader_lease as l (replica_id, epoch, until)
      values (${replica_id}, 1, now() + make_interval(secs => ${LEAD_SECONDS}::int))
      on conflict (only_row) do update set replica_id = excluded.replica_id, until = excluded.until,
        epoch = l.epoch + case when l.replica_id = excluded.replica_id then 0 else 1 end
      where l.replica_id = excluded.replica_id or l.until <= now()
      returning replica_id, epoch
    ), leader as (
      select replica_id, epoch from mine
      union all
      select replica_id, epoch from leader_lease where not exists (select from mine)
    ), gone as (
      delete from replicas r where r.heard_at < now() - make_interval(secs => ${FORGET_SECONDS}::int)
        and r.replica_id <> ${replica_id} and exists (select from mine)
    ), alive as (
      select ${columns} from me
      union all
      select ${columns} from replicas r
      where r.replica_id <> ${replica_id} and r.heard_at > now() - make_interval(secs => ${ALIVE_SECONDS}::int)
    )
    select a.*, l.replica_id as leader_id, l.epoch from alive a left join leader l on true
    order by a.name, a.replica_id limit 10000`)
  const [first] = rows
  const alive = rows.map(({ leader_id: _leader, epoch: _epoch, ...replica }) => replica)
  if (typeof first?.leader_id !== 'string' || first.epoch === null) return { alive, leader: undefined }
  return { alive, leader: { replica_id: first.leader_id, epoch: first.epoch } }
}

/** Replicas that live, by name. */
export function listReplicas(db: Db): Promise<ReplicaRow[]> {
  return db.all<ReplicaRow>(sql`
    select replica_id, name, host, port, started_at, heard_at, knows from replicas
    where heard_at > now() - make_interval(secs => ${ALIVE_SECONDS}::int)
    order by name, replica_id limit 10000`)
}

/** A replica says goodbye; when it led, another may at once. */
export async function removeReplica(db: Db, replicaId: string): Promise<void> {
  await db.run(sql`
    with gone as (delete from replicas where replica_id = ${replicaId})
    update leader_lease set until = now() where replica_id = ${replicaId}`)
}

/** Who leads; undefined while nobody does. */
export function readLeader(db: Db): Promise<LeaderLease | undefined> {
  return db.one<LeaderLease>(sql`select replica_id, epoch from leader_lease where until > now()`)
}
