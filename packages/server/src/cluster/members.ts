import {
  beatReplica,
  type Db,
  type LeaderLease,
  listReplicas,
  type NewReplica,
  type ReplicaRow,
  removeGoneReplicas,
  removeReplica,
  takeLease,
} from '@colonies/database'

/** Silence after which a replica is taken for gone. */
export const ALIVE_SECONDS = 10
/** Silence after which nobody has to see it any more. */
const FORGET_SECONDS = 60
const LEASE_SECONDS = 10

/** Which replicas live, and which of them leads. Only what is shown, or merely cheaper in one place, depends on it. */
export class Members {
  readonly #self: NewReplica
  #alive: readonly ReplicaRow[] = []
  #lease: LeaderLease | undefined
  /** When the database last knew of this replica, in milliseconds of this process. */
  #beatAt = Number.NEGATIVE_INFINITY

  constructor(self: NewReplica) {
    this.#self = self
  }

  /** Says that this replica lives, and looks who else does. */
  async beat(db: Db): Promise<void> {
    const startedAt = performance.now()
    await beatReplica(db, this.#self)
    this.#lease = await takeLease(db, this.#self.replica_id, LEASE_SECONDS)
    this.#beatAt = startedAt
    this.#alive = await listReplicas(db, ALIVE_SECONDS)
    if (this.leads) await removeGoneReplicas(db, FORGET_SECONDS)
  }

  /** Says goodbye, so that others need not wait for the silence. */
  async leave(db: Db): Promise<void> {
    this.#lease = undefined
    await removeReplica(db, this.#self.replica_id)
  }

  /** Of this replica. */
  get id(): string {
    return this.#self.replica_id
  }

  /** As of the last beat, this one included. */
  get alive(): readonly ReplicaRow[] {
    return this.#alive
  }

  /** Whether it is known that nobody else is there to be told anything. One that has just come is seen with the next beat. */
  get alone(): boolean {
    return this.#alive.length > 0 && this.#alive.every((one) => one.replica_id === this.#self.replica_id)
  }

  get leader(): LeaderLease | undefined {
    return this.#lease
  }

  /** Whether this replica leads. Ends by itself when the database cannot be reached. */
  get leads(): boolean {
    const isFresh = performance.now() - this.#beatAt < LEASE_SECONDS * 1000
    return isFresh && this.#lease?.replica_id === this.#self.replica_id
  }
}
