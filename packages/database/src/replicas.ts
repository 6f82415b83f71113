import type { Db } from './db.js'
import { sayListening } from './listening.js'
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
/** What a replica knows of the others after it has said that it lives. */
export interface Beat {
  /** By name, this one included. */
  alive: ReplicaRow[]
  /** Whether the time begins anew from which silence of executors counts: nobody had listened, or the clock was set. */
  listensAnew: boolean
}

/**
 * Says that this replica lives, by which the database knows also since when somebody has listened, and forgets those that left
 * without a word. All in one commit: each replica does it every other second, forever.
 */
export async function beatReplica(db: Db, { replica_id, name, host, port, knows }: NewReplica): Promise<Beat> {
  const columns = sql`replica_id, name, host, port, started_at, heard_at, knows`
  const rows = await db.all<ReplicaRow & { anew: boolean }>(sql`
    with me as (
      insert into replicas (replica_id, name, host, port, knows)
      values (${replica_id}, ${name}, ${host}, ${port}, ${knows})
      on conflict (replica_id) do update set name = excluded.name, host = excluded.host, port = excluded.port,
        knows = excluded.knows, heard_at = now()
      returning ${columns}
    ), listens as (
      ${sayListening()}
    ), gone as (
      -- Rows that another replica is just removing are left to it.
      delete from replicas where replica_id = any(array(
        select r.replica_id from replicas r
        where r.heard_at < now() - make_interval(secs => ${FORGET_SECONDS}::int) and r.replica_id <> ${replica_id}
        for update skip locked))
    ), alive as (
      select ${columns} from me
      union all
      select ${columns} from replicas r
      where r.replica_id <> ${replica_id} and r.heard_at > now() - make_interval(secs => ${ALIVE_SECONDS}::int)
    )
    select a.*, (select anew from listens) from alive a order by a.name, a.replica_id limit 10000`)
  return {
    alive: onceEach(rows.map(({ anew: _anew, ...replica }) => replica)),
    listensAnew: rows.some(({ anew }) => anew),
  }
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

/** Replicas that live, by name. */
export async function listReplicas(db: Db): Promise<ReplicaRow[]> {
  return onceEach(
    await db.all<ReplicaRow>(sql`
      select replica_id, name, host, port, started_at, heard_at, knows from replicas
      where heard_at > now() - make_interval(secs => ${ALIVE_SECONDS}::int)
      order by name, replica_id limit 10000`),
  )
}

/** Where the tables are spread, each node has rows of its own for the replicas. */
const onceEach = (rows: readonly ReplicaRow[]) => [...new Map(rows.map((row) => [row.replica_id, row])).values()]

/** A replica says goodbye; when it led, another may at once. */
export async function removeReplica(db: Db, replicaId: string): Promise<void> {
  // Two statements: where the tables are spread, the coordinator has the first table, and each node the second. A replica that is
  // killed between them is seen for as long as one that was killed before.
  await db.run(sql`update leader_lease set until = now() where replica_id = ${replicaId}`)
  await db.run(sql`delete from replicas where replica_id = ${replicaId}`)
}

/** Who leads; undefined while nobody does. */
export function readLeader(db: Db): Promise<LeaderLease | undefined> {
  return db.one<LeaderLease>(sql`select replica_id, epoch from leader_lease where until > now()`)
}
