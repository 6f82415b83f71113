import {
  beatReplica,
  type Db,
  LEAD_SECONDS,
  type LeaderLease,
  type NewReplica,
  type ReplicaRow,
  removeReplica,
} from '@colonies/database'

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
    const { alive, leader } = await beatReplica(db, this.#self)
    this.#lease = leader
    this.#alive = alive
    this.#beatAt = startedAt
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
    const isFresh = performance.now() - this.#beatAt < LEAD_SECONDS * 1000
    return isFresh && this.#lease?.replica_id === this.#self.replica_id
  }
}
