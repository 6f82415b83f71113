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

/** Says that this replica lives. */
export async function beatReplica(db: Db, { replica_id, name, host, port, knows }: NewReplica): Promise<void> {
  await db.run(sql`
    insert into replicas (replica_id, name, host, port, knows) values (${replica_id}, ${name}, ${host}, ${port}, ${knows})
    on conflict (replica_id) do update set name = excluded.name, host = excluded.host, port = excluded.port,
      knows = excluded.knows, heard_at = now()`)
}

/** Replicas that were heard of within the last seconds, by name. */
export function listReplicas(db: Db, withinSeconds: number): Promise<ReplicaRow[]> {
  return db.all<ReplicaRow>(sql`
    select replica_id, name, host, port, started_at, heard_at, knows from replicas
    where heard_at > now() - make_interval(secs => ${withinSeconds}::int)
    order by name, replica_id limit 10000`)
}

/** Removes replicas that left without a word. @returns how many */
export function removeGoneReplicas(db: Db, silentSeconds: number): Promise<number> {
  return db.run(sql`delete from replicas where heard_at < now() - make_interval(secs => ${silentSeconds}::int)`)
}

/** A replica says goodbye; when it led, another may at once. */
export async function removeReplica(db: Db, replicaId: string): Promise<void> {
  await db.run(sql`
    with gone as (delete from replicas where replica_id = ${replicaId})
    update leader_lease set until = now() where replica_id = ${replicaId}`)
}

/**
 * Takes or prolongs the lease, unless another replica has it. Right on any number of replicas at once: the row is one.
 *
 * @returns who leads now; undefined in the moment in which two replicas ask for the first lease ever
 */
export function takeLease(db: Db, replicaId: string, seconds: number): Promise<LeaderLease | undefined> {
  return db.one<LeaderLease>(sql`
    with mine as (
      insert into leader_lease as l (replica_id, epoch, until)
      values (${replicaId}, 1, now() + make_interval(secs => ${seconds}::int))
      on conflict (only_row) do update set replica_id = excluded.replica_id, until = excluded.until,
        epoch = l.epoch + case when l.replica_id = excluded.replica_id then 0 else 1 end
      where l.replica_id = excluded.replica_id or l.until <= now()
      returning replica_id, epoch
    )
    select replica_id, epoch from mine
    union all
    select replica_id, epoch from leader_lease where not exists (select 1 from mine)`)
}

/** Who leads; undefined while nobody does. */
export function readLeader(db: Db): Promise<LeaderLease | undefined> {
  return db.one<LeaderLease>(sql`select replica_id, epoch from leader_lease where until > now()`)
}
