import type { ColonyKey, Db, ReadyLine } from '@colonies/database'
import type { ColoniesError, HttpOperationName, Operations, ServerSide } from '@colonies/protocol'
import type { ChannelAppends } from './channels/channel-appends.js'
import type { Members } from './cluster/members.js'
import type { Config } from './config.js'
import type { EndedTexts } from './ended-texts.js'
import type { HotPath } from './queue/hot-path.js'
import type { ObjectStore } from './store/object-store.js'

/** Who signed a request, as the directory knows them. */
export interface Caller {
  readonly id: string
  /** Name of the executor or user; empty when the caller is neither. */
  readonly name: string
  readonly kind: 'executor' | 'user' | 'none'
  readonly executor: { readonly name: string; readonly type: string; readonly location: string } | undefined
}

export interface Colony {
  readonly key: ColonyKey
  readonly name: string
  readonly ownerId: string
  readonly paused: boolean
}

/** What a replica offers to its handlers. */
export interface Replica {
  readonly config: Config
  readonly id: string
  /** The port that really listens. */
  readonly port: number
  readonly hotPath: HotPath
  readonly channels: ChannelAppends
  /** Lists of processes that have ended. */
  readonly endedTexts: EndedTexts
  /** Which replicas live, and which of them leads. */
  readonly members: Members
  /** The embedded object store; undefined where there is none. */
  readonly store: ObjectStore | undefined
  /** Events of this colony were written: subscribers here and on other replicas may look. */
  changed(colony: ColonyKey): void
  /** Tells this replica and, soon, the others what became ready to be assigned. */
  hint(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** Tells all replicas that rights in the directory changed. */
  directoryChanged(): void
  /** When this replica last heard of an executor, as wire time; newer than the database for some seconds. */
  lastHeard(colony: ColonyKey, executorId: string): string | undefined
}

/** All that a handler gets beside its input. Access is settled by then. */
export interface Call {
  readonly db: Db
  readonly caller: Caller
  /** The colony of the request. Operations without one (server owner, anyone) must not read it. */
  readonly colony: Colony
  readonly replica: Replica
  /** Aborted when the caller's connection is gone, and for held calls also when the replica stops: then answer at once. */
  readonly signal: AbortSignal
  /**
   * Says that this call waits on purpose, as an assign does, so that it does not count as load.
   *
   * @param end called when `signal` is aborted, at once where it is already; thousands wait, and a signal for each is large
   */
  hold(end?: (why: ColoniesError) => void): void
}

/** Ready JSON text of a reply: the hot path writes its replies itself. */
export class Rendered {
  /** In pieces where it is long: what is joined is copied. */
  readonly text: string | readonly string[]
  /** Called when the reply could not be handed to the caller's connection. */
  readonly onUnsent: (() => void) | undefined

  constructor(text: string | readonly string[], onUnsent?: () => void) {
    this.text = text
    this.onUnsent = onUnsent
  }
}

export type Reply<Name extends HttpOperationName> = ServerSide<Operations[Name]['output']> | Rendered

export type Handler<Name extends HttpOperationName> = (
  input: ServerSide<Operations[Name]['input']>,
  call: Call,
) => Promise<Reply<Name>>

/** One handler for each operation; it does not compile while one is missing. */
export type Handlers = { [Name in HttpOperationName]: Handler<Name> }
