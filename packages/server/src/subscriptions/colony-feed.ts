import {
  type AttributeRow,
  currentPosition,
  type Db,
  type EventRow,
  findAttributesByKey,
  readEvents,
  thoseThatFit,
} from '@colonies/database'
import { limits, State } from '@colonies/protocol'
import { type FeedColony, frameText, readFrames } from './frames.js'

/** Wants frames of one process, or of all of one executor type. */
export interface ProcessFollower {
  readonly of: { processId: string } | { executorType: string }
  /** The state that a frame of this event shows; undefined: no frame. Changes nothing: it may be asked again. */
  wants(event: EventRow): number | undefined
  show(text: string, event: EventRow): void
  /** The process of an event that it wanted is not there any more. */
  gone(): void
}

/** Wants the attribute with one key of one process. */
export interface AttributeFollower {
  readonly processId: string
  readonly key: string
  show(row: AttributeRow): void
  /** The process has ended or is gone, and had no such attribute. */
  missed(): void
}

interface Showing {
  follower: ProcessFollower
  event: EventRow
  state: number
}

/** Processes read at once, unless their texts are too much for that. */
const FRAMES_MAX = 100

/** Whether a process can change no more after this event: it has ended, or was removed. */
export function isLast({ state }: EventRow): boolean {
  return state >= State.success
}

/** Reads the events of one colony once for all its followers on this replica, from when the first one came. */
export class ColonyFeed {
  readonly #db: Db
  readonly #colony: FeedColony
  #position: Promise<bigint>
  readonly #followers = new Map<string, Set<ProcessFollower>>()
  readonly #attributes = new Set<AttributeFollower>()
  /** Those whose process has ended: they get one more look, since what was added before it is there by now. */
  readonly #ending = new Set<AttributeFollower>()
  /** Frames that are due; more events are read when all have been shown. */
  #showings: Showing[] = []

  constructor(db: Db, colony: FeedColony) {
    this.#db = db
    this.#colony = colony
    this.#position = currentPosition(db, colony.key)
    this.#position.catch(() => {}) // told by `started`
  }

  /** Resolves when everything that is committed from now on will be seen. */
  async started(): Promise<void> {
    await this.#position
  }

  get isEmpty(): boolean {
    return this.#followers.size === 0 && this.#attributes.size === 0
  }

  /** @returns takes the follower out again */
  follow(follower: ProcessFollower): () => void {
    const key = 'processId' in follower.of ? processKey(follower.of.processId) : typeKey(follower.of.executorType)
    const followers = this.#followers.get(key) ?? new Set()
    this.#followers.set(key, followers.add(follower))
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && this.#followers.get(key) === followers) this.#followers.delete(key)
      this.#showings = this.#showings.filter((one) => one.follower !== follower)
    }
  }

  /** @returns takes the follower out again */
  followAttribute(follower: AttributeFollower): () => void {
    this.#attributes.add(follower)
    return () => {
      this.#attributes.delete(follower)
      this.#ending.delete(follower)
    }
  }

  /** Hands out what has come since the last look. @returns how many events there were */
  async look(): Promise<number> {
    await this.#showAll()
    const { events, next } = await readEvents(this.#db, this.#colony.key, await this.#position)
    this.#position = Promise.resolve(next)
    const ended = new Set(events.filter(isLast).map((event) => event.process_id))
    for (const follower of this.#attributes) if (ended.has(follower.processId)) this.#ending.add(follower)
    this.#showings = events.flatMap((event) => this.#showingsOf(event))
    await this.#showAll()
    await this.#lookForAttributes()
    return events.length
  }

  #showingsOf(event: EventRow): Showing[] {
    const followers = [
      ...(this.#followers.get(processKey(event.process_id)) ?? []),
      ...(this.#followers.get(typeKey(event.executor_type)) ?? []),
    ]
    return followers.flatMap((follower) => {
      const state = follower.wants(event)
      return state === undefined ? [] : { follower, event, state }
    })
  }

  async #showAll(): Promise<void> {
    while (this.#showings.length > 0) {
      const next = new Set<string>()
      for (const { event } of this.#showings) if (next.size < FRAMES_MAX) next.add(event.process_id)
      const ids = next.size === 1 ? next : new Set(await this.#thoseThatFit([...next]))
      const frames = await readFrames(this.#db, this.#colony, [...ids])
      const texts = new Map<string, string>()
      // Up to the first one that was not read, so that events come in their order; what was unfollowed meanwhile is out.
      const end = this.#showings.findIndex(({ event }) => !ids.has(event.process_id))
      const due = this.#showings.splice(0, end === -1 ? this.#showings.length : end)
      for (const { follower, event, state } of due) {
        const frame = frames.get(event.process_id)
        if (!frame) {
          follower.gone()
          continue
        }
        const key = `${state}/${event.process_id}`
        const text = texts.get(key) ?? frameText(frame, state, this.#colony)
        texts.set(key, text)
        follower.show(text, event)
      }
    }
  }

  #thoseThatFit(ids: readonly string[]): Promise<readonly string[]> {
    return thoseThatFit(this.#db, this.#colony.key, ids, limits.listBytesMax)
  }

  /** Attributes leave no events; whoever adds one says that the colony changed. */
  async #lookForAttributes(): Promise<void> {
    const followers = [...this.#attributes]
    if (followers.length === 0) return
    const ending = [...this.#ending]
    for (const row of await findAttributesByKey(this.#db, this.#colony.key, followers)) followers[row.place]?.show(row)
    for (const follower of ending) if (this.#ending.has(follower)) follower.missed()
  }
}

const processKey = (id: string) => `process ${id}`
const typeKey = (type: string) => `type ${type}`
