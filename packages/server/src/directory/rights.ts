import {
  CHANGES_KEPT_SECONDS,
  type ColonyKey,
  type ColonyThing,
  type Db,
  findColonyOf,
  type MembershipRow,
  readColoniesOwnedBy,
  readColony,
  readDirectoryChanges,
  readMemberships,
  readServerOwner,
} from '@colonies/database'
import type { Colony } from '../handler.js'
import { SharedCache } from './shared-cache.js'

/** One id in one colony, as executor or as user. Rejected and removed executors have none. */
export type Membership = MembershipRow

/** What access is decided by. */
export interface Rights {
  /** In no order; empty for strangers. */
  membershipsOf(id: string): Promise<readonly Membership[]>
  colonyNamed(name: string): Promise<Colony | undefined>
  /** As many as one caller can reach by things instead of by names. */
  coloniesOwnedBy(id: string): Promise<readonly Colony[]>
  serverOwnerId(): Promise<string | undefined>
  /** Which of these colonies has a thing. */
  findColonyOf(thing: ColonyThing, colonies: readonly ColonyKey[]): Promise<ColonyKey | undefined>
  /** Forgets what is remembered of this caller and colony. @returns whether there was anything */
  forget(id: string, colonyName: string | undefined): boolean
}

/** How far the changes of one server have been read. */
interface Reading {
  node: Db
  /** Changes from this transaction on have not been read, or not all of them. */
  position: bigint | undefined
  /** When, by the clock of the server: it goes on while this machine sleeps. */
  atMs: number
  /** What the last reading named. */
  subjects: readonly string[]
}

/** No remembered right is older than this, or was confirmed longer ago. */
const FRESH_MS = 1_000
/** Changes are read again after this, though nobody asked meanwhile: what is remembered is still fresh for who comes next. */
const REST_MS = 600
/** Who comes after a longer silence has rights looked up. */
const IN_USE_MS = 10_000
const MEMBERS_MAX = 50_000
const COLONIES_MAX = 10_000
const OWNED_MAX = 1_000

/**
 * Remembers rights for as long as they are known to hold. Each change in the directory leaves a row in the database; these
 * rows are read several times a second while somebody asks, and what they name is forgotten. When they have not been read for a
 * second, nothing that is remembered counts.
 */
export class Directory implements Rights {
  readonly #db: Db
  readonly #asked: () => void
  readonly #members: SharedCache<readonly Membership[]>
  readonly #colonies: SharedCache<Colony>
  /** What has been read of each server of the database. */
  readonly #readings: readonly Reading[]
  /** When the last complete reading of changes began. */
  #confirmedAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  /** Set while changes of this replica wait to be read: until then nothing that is remembered counts. */
  #settled: Promise<void> | undefined

  /** @param asked called each time somebody asks, whatever the answer is */
  constructor(db: Db, asked = () => {}) {
    this.#db = db
    this.#asked = asked
    this.#readings = (db.nodes ?? [db]).map((node) => ({ node, position: undefined, atMs: 0, subjects: [] }))
    const isFresh = (loadedAt: number) => performance.now() - Math.max(loadedAt, this.#confirmedAt) < FRESH_MS
    this.#members = new SharedCache<readonly Membership[]>({
      sizeMax: MEMBERS_MAX,
      isFresh,
      async load(id) {
        const memberships = await readMemberships(db, id)
        return memberships.length === 0 ? undefined : memberships
      },
    })
    this.#colonies = new SharedCache<Colony>({ sizeMax: COLONIES_MAX, isFresh, load: (name) => readColony(db, name) })
  }

  async membershipsOf(id: string): Promise<readonly Membership[]> {
    this.#noteAsked()
    if (this.#settled !== undefined) await this.#settled
    return (await this.#members.get(id)) ?? []
  }

  async colonyNamed(name: string): Promise<Colony | undefined> {
    this.#noteAsked()
    if (this.#settled !== undefined) await this.#settled
    return this.#colonies.get(name)
  }

  coloniesOwnedBy(id: string): Promise<readonly Colony[]> {
    this.#asked()
    return readColoniesOwnedBy(this.#db, id, OWNED_MAX)
  }

  serverOwnerId(): Promise<string | undefined> {
    this.#asked()
    return readServerOwner(this.#db)
  }

  findColonyOf(thing: ColonyThing, colonies: readonly ColonyKey[]): Promise<ColonyKey | undefined> {
    return findColonyOf(this.#db, thing, colonies)
  }

  forget(id: string, colonyName: string | undefined): boolean {
    const member = this.#members.drop(id)
    const colony = colonyName !== undefined && this.#colonies.drop(colonyName)
    return member || colony
  }

  /** This replica changed the directory, and committed: whoever asks from now on gets the new rights. */
  changed(): void {
    const settled = this.#readAfresh().catch(() => {
      // Not read, so it is not known what to forget.
      this.#members.clear()
      this.#colonies.clear()
    })
    this.#settled = settled
    void settled.then(() => {
      if (this.#settled === settled) this.#settled = undefined
    })
  }

  /** Reads changes and forgets what they name. Those who call while it runs share one run. */
  refresh(): Promise<void> {
    this.#reading ??= this.#readChanges().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** Whether changes are to be read now, so that what is remembered stays fresh for those who ask. */
  get isDue(): boolean {
    if (this.#askedAt > this.#confirmedAt) return true
    const nowMs = performance.now()
    return nowMs - this.#askedAt < IN_USE_MS && nowMs - this.#confirmedAt > REST_MS
  }

  #noteAsked(): void {
    this.#askedAt = performance.now()
    this.#asked()
  }

  /** A reading that begins now: one under way may have begun before the change. */
  async #readAfresh(): Promise<void> {
    await this.#reading?.catch(() => {})
    await this.refresh()
  }

  async #readChanges(): Promise<void> {
    const startedAt = performance.now()
    await Promise.all(this.#readings.map((reading) => this.#readOn(reading)))
    this.#confirmedAt = startedAt
  }

  async #readOn(reading: Reading): Promise<void> {
    const { subjects, next, atMs, complete } = await readDirectoryChanges(reading.node, reading.position)
    // Before the position of the last reading: this is another copy of the database, restored or failed over to.
    const wentBack = reading.position !== undefined && next < reading.position
    // What changed since the last reading may have been forgotten by now.
    const tooLate = atMs - reading.atMs > (CHANGES_KEPT_SECONDS * 1000) / 2
    if (!complete || wentBack || tooLate) {
      this.#members.clear()
      this.#colonies.clear()
    }
    // Of several servers one may have committed a moment before the others: what was read anew too early is forgotten once more.
    const again = this.#readings.length > 1 ? reading.subjects : []
    reading.subjects = subjects
    for (const subject of [...subjects, ...again]) {
      if (subject.startsWith('colony:')) this.#colonies.drop(subject.slice('colony:'.length))
      else this.#members.drop(subject)
    }
    reading.position = next
    reading.atMs = atMs
  }
}
