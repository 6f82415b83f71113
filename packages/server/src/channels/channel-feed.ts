import { type ChannelNews, type ChannelPlace, type ColonyKey, type Db, readChannelNews } from '@colonies/database'
import type { Log } from '../log.js'

/** Reads one channel on from where it is. */
export interface ChannelFollower extends ChannelPlace {
  /** Whether it can take news now. If not, it calls `FollowedChannel.look` as soon as it can. */
  isReady(): boolean
  /** Moves the position. Others may get the same news. */
  show(news: ChannelNews): void
}

export interface FollowedChannel {
  /** Asks for a look. */
  look(): void
  /** Takes the follower out. */
  leave(): void
}

interface Line {
  readonly colony: ColonyKey
  readonly followers: Set<ChannelFollower>
  /** Those that may have news. */
  readonly due: Set<ChannelFollower>
  looking: Promise<void> | undefined
  /** Until all are looked at since something changed in the colony. */
  timer: NodeJS.Timeout | undefined
}

/** Followers of one look. */
const PLACES_MAX = 1_000
const BOUNDS = { count: 200, bytes: 2 * 1024 * 1024 }
/** In a busy colony processes end all the time: subscribers hear a little later of the end of theirs. */
const CHANGED_MS = 100

/** The end of a process id: the random part, enough to tell which followers to look for. */
export function tagOf(processId: string): string {
  return processId.slice(-12)
}

/** Stands for all processes of a colony. */
export const ANY_TAG = ''

/**
 * Serves the followers of this replica from the rows of channels, each from its own position on: nothing is missed or comes
 * twice, whoever wrote it where. One look is one statement for all followers of a colony that may have news; what happens
 * meanwhile is for the next.
 */
export class ChannelFeed {
  readonly #db: Db
  readonly #log: Log
  readonly #lines = new Map<ColonyKey, Line>()

  constructor(db: Db, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** The follower hears at once how its channel is. */
  follow(colony: ColonyKey, follower: ChannelFollower): FollowedChannel {
    const line = this.#line(colony)
    line.followers.add(follower)
    const look = () => {
      if (!line.followers.has(follower)) return
      line.due.add(follower)
      this.#lookSoon(line)
    }
    const leave = () => {
      line.followers.delete(follower)
      line.due.delete(follower)
      if (line.followers.size > 0) return
      clearTimeout(line.timer)
      if (this.#lines.get(colony) === line) this.#lines.delete(colony)
    }
    look()
    return { look, leave }
  }

  /** Entries were appended, here or on another replica, to channels of processes with these tags. */
  appended(colony: ColonyKey, tags: readonly string[]): void {
    const line = this.#lines.get(colony)
    if (!line) return
    const wanted = new Set(tags)
    for (const follower of line.followers) {
      if (wanted.has(ANY_TAG) || wanted.has(tagOf(follower.processId))) line.due.add(follower)
    }
    this.#lookSoon(line)
  }

  /** Something was committed in this colony: processes may have ended, or changed hands. */
  changed(colony: ColonyKey): void {
    const line = this.#lines.get(colony)
    if (!line || line.timer) return
    line.timer = setTimeout(() => {
      line.timer = undefined
      this.#lookAtAll(line)
    }, CHANGED_MS)
  }

  get isFollowed(): boolean {
    return this.#lines.size > 0
  }

  /** Looks at all channels that have followers: makes up for lost hints. */
  async poll(): Promise<void> {
    for (const line of this.#lines.values()) this.#lookAtAll(line)
    await Promise.all([...this.#lines.values()].map((line) => line.looking))
  }

  #line(colony: ColonyKey): Line {
    let line = this.#lines.get(colony)
    if (!line) {
      line = { colony, followers: new Set(), due: new Set(), looking: undefined, timer: undefined }
      this.#lines.set(colony, line)
    }
    return line
  }

  #lookAtAll(line: Line): void {
    for (const follower of line.followers) line.due.add(follower)
    this.#lookSoon(line)
  }

  #lookSoon(line: Line): void {
    if (line.looking || line.due.size === 0) return
    line.looking = this.#look(line).then(
      () => {
        line.looking = undefined
        this.#lookSoon(line) // for those that came since the last one was looked at
      },
      (error: unknown) => {
        line.looking = undefined
        // The poll of each second makes up for it.
        this.#log.debug('channels could not be read', { error })
      },
    )
  }

  /** Looks until nobody may have news any more. */
  async #look(line: Line): Promise<void> {
    // What was asked for in one turn of the event loop is looked at together.
    await new Promise((resolve) => setImmediate(resolve))
    while (line.due.size > 0) {
      const groups = takeDue(line)
      const places = [...groups.values()].map(([{ processId, name, position }]) => ({ processId, name, position }))
      if (places.length === 0) return
      const news = await readChannelNews(this.#db, line.colony, places, BOUNDS)
      for (const [place, group] of [...groups.values()].entries()) show(line, group, news.get(place))
    }
  }
}

type Group = [ChannelFollower, ...ChannelFollower[]]

/** Takes followers that can take news, those at the same place of the same channel together. */
function takeDue({ due }: Line): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const follower of due) {
    if (groups.size === PLACES_MAX) break
    due.delete(follower)
    if (!follower.isReady()) continue
    const key = `${follower.processId} ${follower.position} ${follower.name}`
    const group = groups.get(key)
    if (group) group.push(follower)
    else groups.set(key, [follower])
  }
  return groups
}

/** @param news undefined: there are some, but they did not fit */
function show({ followers, due }: Line, group: Group, news: ChannelNews | undefined): void {
  for (const follower of group) {
    if (!followers.has(follower)) continue
    if (news) follower.show(news)
    // At the end of the set, so that others get their turn.
    if (followers.has(follower) && (!news || follower.position < news.total)) due.add(follower)
  }
}
