import type { ColonyKey, Db } from '@colonies/database'
import type { Log } from '../log.js'
import { type AttributeFollower, ColonyFeed, type ProcessFollower } from './colony-feed.js'
import type { FeedColony } from './frames.js'

interface Line {
  readonly key: ColonyKey
  readonly feed: ColonyFeed
  /** The look that is under way. */
  looking: Promise<void> | undefined
  timer: NodeJS.Timeout | undefined
  /** Something changed since the last look began. */
  changed: boolean
  /** Looks that may still find nothing before the poll of each second takes over. */
  looksLeft: number
}

/** Between two looks into a busy colony: subscribers see a little later what would cost as many reads as there are writes. */
const GAP_MS = 10
/** An older transaction that is still under way hides what was committed after it began: so look again, a few times. */
const LOOKS = 3
const LOOK_AGAIN_MS = 30

/**
 * Serves the followers of this replica from `events`: where colonies have followers, it looks when something changed,
 * and each second. Followers all get the same: what one is shown is not taken from the others.
 */
export class EventFeed {
  readonly #db: Db
  readonly #log: Log
  readonly #lines = new Map<ColonyKey, Line>()

  constructor(db: Db, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** Resolves when nothing committed from now on is missed. @returns takes the follower out again */
  follow(colony: FeedColony, follower: ProcessFollower): Promise<() => void> {
    return this.#enter(colony, (feed) => feed.follow(follower))
  }

  /** As `follow`. */
  followAttribute(colony: FeedColony, follower: AttributeFollower): Promise<() => void> {
    return this.#enter(colony, (feed) => feed.followAttribute(follower))
  }

  /** Something was committed in this colony, here or on another replica. */
  changed(colony: ColonyKey): void {
    const line = this.#lines.get(colony)
    if (!line) return
    line.changed = true
    line.looksLeft = LOOKS
    this.#schedule(line, 0)
  }

  get isFollowed(): boolean {
    return this.#lines.size > 0
  }

  /** Looks into all colonies that have followers: makes up for lost hints. */
  async poll(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.looking ?? this.#look(line)))
  }

  async #enter(colony: FeedColony, enter: (feed: ColonyFeed) => () => void): Promise<() => void> {
    const line = this.#line(colony)
    const leaveFeed = enter(line.feed)
    const leave = () => {
      leaveFeed()
      if (!line.feed.isEmpty) return
      clearTimeout(line.timer)
      if (this.#lines.get(line.key) === line) this.#lines.delete(line.key)
    }
    try {
      await line.feed.started()
      return leave
    } catch (error) {
      leave()
      throw error
    }
  }

  #line(colony: FeedColony): Line {
    let line = this.#lines.get(colony.key)
    if (!line) {
      const feed = new ColonyFeed(this.#db, colony)
      line = { key: colony.key, feed, looking: undefined, timer: undefined, changed: false, looksLeft: 0 }
      this.#lines.set(colony.key, line)
    }
    return line
  }

  #schedule(line: Line, delayMs: number): void {
    if (line.looking || line.timer || line.feed.isEmpty) return
    line.timer = setTimeout(() => {
      line.timer = undefined
      this.#look(line).catch((error: unknown) => this.#log.debug('events could not be read', { error }))
    }, delayMs)
  }

  #look(line: Line): Promise<void> {
    clearTimeout(line.timer)
    line.timer = undefined
    line.changed = false
    line.looksLeft -= 1
    const look = line.feed.look().then((found) => {
      if (found > 0 && !line.changed) line.looksLeft = 0
    })
    line.looking = look.finally(() => {
      line.looking = undefined
      if (line.changed) this.#schedule(line, GAP_MS)
      else if (line.looksLeft > 0) this.#schedule(line, LOOK_AGAIN_MS)
    })
    return line.looking
  }
}
