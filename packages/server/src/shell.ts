import type { ColonyKey, Database, ReadyLine } from '@colonies/database'
import type { Activity } from './activity.js'
import type { Loop } from './background/loop.js'
import type { Config } from './config.js'
import type { Call, Handlers, Replica } from './handler.js'
import type { Hints } from './hints.js'
import type { Metrics } from './http/metrics.js'
import type { Log } from './log.js'
import type { ObjectStore } from './store/object-store.js'
import type { Subscriptions } from './subscriber.js'

/** What `server.ts` has ready for the parts of a replica: a migrated database, and ways to tell others. */
export interface Shell {
  readonly config: Config
  readonly db: Database
  readonly log: Log
  readonly metrics: Metrics
  readonly activity: Activity
  readonly replicaId: string
  /** The port that really listens. */
  readonly port: number
  readonly hints: Hints
  /** Undefined where there is no embedded object store. */
  readonly store: ObjectStore | undefined
  /** Rights changed, and are committed: for `Replica.directoryChanged`. */
  directoryChanged(): void
}

/** What a replica does. Everything that reaches a handler by `call.replica` is made here. */
export interface Parts {
  readonly replica: Replica
  readonly handlers: Handlers
  readonly subscriptions: Subscriptions
  readonly loops: readonly Loop[]
  /** Says to all that the replica lives; it serves from then on. */
  join(): Promise<void>
  /** A request was let in: who sent it lives. */
  heard(call: Call): void
  /** Another replica wrote events of this colony. */
  changed(colony: ColonyKey): void
  /** Another replica wrote to channels of processes whose ids end so; '' stands for all. */
  appended(colony: ColonyKey, tags: readonly string[]): void
  /** Another replica has more that is ready than it has executors waiting. */
  ready(colony: ColonyKey, lines: readonly ReadyLine[]): void
  /** Hints of other replicas may have got lost: look for yourself. */
  missed(): void
  /** Answers what is on hold, and resolves when all that was begun is stored. */
  close(): Promise<void>
  /** Resolves when what was begun after that is stored, too: replies that could not be sent give back what they gave out. */
  drained(): Promise<void>
}

/** Puts the parts together. Called once, when the database is ready and before the first request. */
export type Wire = (shell: Shell) => Parts
