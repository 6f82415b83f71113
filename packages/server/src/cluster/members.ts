import {
  beatReplica,
  type ColonyKey,
  type Db,
  type LeaderLease,
  type NewReplica,
  type ReplicaRow,
  removeReplica,
  takeLease,
} from '@colonies/database'

const LEASE_SECONDS = 10
/** Who leads prolongs a lease that is so old: with each other heartbeat, or each one of a quiet replica. */
const PROLONGED_MS = 3_000
/** So long a replica has its turn in a colony: should it live and not do its work, the next one does. */
const TURN_MS = 60_000

/** Which replicas live, and which of them leads. Only what is shown, or merely cheaper in one place, depends on it. */
export class Members {
  readonly #self: NewReplica
  #alive: readonly ReplicaRow[] = []
  #lease: LeaderLease | undefined
  /** When this replica asked for the lease last, in milliseconds of this process. */
  #leasedAt = Number.NEGATIVE_INFINITY

  constructor(self: NewReplica) {
    this.#self = self
  }

  /** Says that this replica lives, before it serves: whoever asks it then is told of it. Others it sees with its first beat. */
  async join(db: Db): Promise<void> {
    await beatReplica(db, this.#self)
  }

  /**
   * Says that this replica lives and listens, and looks who else does.
   *
   * @returns whether silence of executors counts from now on only
   */
  async beat(db: Db): Promise<boolean> {
    const { alive, listensAnew } = await beatReplica(db, this.#self)
    this.#alive = alive
    if (!this.leads || performance.now() - this.#leasedAt >= PROLONGED_MS) await this.#takeLease(db)
    return listensAnew
  }

  /** Takes the lease, prolongs it, or learns who has it. */
  async #takeLease(db: Db): Promise<void> {
    const startedAt = performance.now()
    this.#lease = await takeLease(db, this.#self.replica_id, LEASE_SECONDS)
    this.#leasedAt = startedAt
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

  /**
   * Whether this replica has its turn in a colony, for work that only has to be done by one of them. Each sees the others with
   * its own beats, so for some seconds two of them may have it, or none.
   */
  hasTurn(colony: ColonyKey): boolean {
    const place = this.#alive.findIndex((one) => one.replica_id === this.#self.replica_id)
    if (place < 0) return true
    return (colony + Math.floor(Date.now() / TURN_MS)) % this.#alive.length === place
  }

  get leader(): LeaderLease | undefined {
    return this.#lease
  }

  /** Whether this replica leads. Ends by itself when the database cannot be reached. */
  get leads(): boolean {
    const isFresh = performance.now() - this.#leasedAt < LEASE_SECONDS * 1000
    return isFresh && this.#lease?.replica_id === this.#self.replica_id
  }
}
