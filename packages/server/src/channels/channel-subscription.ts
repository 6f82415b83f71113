import { type ChannelUse, checkChannelAccess, mayUseChannel } from '@colonies/core'
import { type ChannelNews, type ColonyKey, type Db, type EntryRow, findChannel } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import type { Outlet } from '../subscriber.js'
import type { Subscription } from '../subscriptions/subscription.js'
import type { ChannelFeed, ChannelFollower, FollowedChannel } from './channel-feed.js'
import { entriesText } from './entries.js'

export interface ChannelWish {
  processId: string
  name: string
  /** Position of the first entry. */
  from: number
  use: ChannelUse
}

interface Place {
  db: Db
  colony: ColonyKey
  outlet: Outlet
  subscription: Subscription
}

/**
 * Shows a channel: what was missed in as few frames as possible, then each entry in a frame of its own, and an empty frame
 * when its time is over or the process has ended.
 */
export class ChannelSubscription implements ChannelFollower {
  readonly processId: string
  readonly name: string
  position: number
  readonly #use: ChannelUse
  readonly #place: Place
  #initiatorId = ''
  #followed: FollowedChannel | undefined
  /** Will look when the peer has read on. */
  #waits = false
  /** Has seen all that was there when it came. */
  #caughtUp = false

  constructor({ processId, name, from, use }: ChannelWish, place: Place) {
    this.processId = processId
    this.name = name
    this.position = from
    this.#use = use
    this.#place = place
  }

  async start(feed: ChannelFeed): Promise<void> {
    const { db, colony, subscription } = this.#place
    const standing = await findChannel(db, colony, this)
    checkChannelAccess(standing, this.#use)
    if (subscription.isOver) return
    this.#initiatorId = standing?.initiatorId ?? ''
    this.#followed = feed.follow(colony, this)
    subscription.onEnd(this.#followed.leave)
  }

  isReady(): boolean {
    const { outlet } = this.#place
    if (!outlet.isFull()) return true
    if (this.#waits) return false
    this.#waits = true
    outlet.whenRoom(() => {
      this.#waits = false
      this.#followed?.look()
    })
    return false
  }

  show({ entries, total, ended, holder }: ChannelNews): void {
    const { outlet, subscription } = this.#place
    if (!mayUseChannel({ initiatorId: this.#initiatorId, holder, attempt: 0 }, this.#use))
      return subscription.end(
        new ColoniesError('lease_lost', 'Not authorized to subscribe to channel: the process is not yours any more'),
      )
    for (const frame of this.#framesOf(entries)) outlet.send(entriesText(frame))
    this.position += entries.length
    if (this.position < total) return
    this.#caughtUp = true
    if (ended || subscription.looksOnce) subscription.end()
  }

  #framesOf(entries: readonly EntryRow[]): (readonly EntryRow[])[] {
    if (this.#caughtUp) return entries.map((entry) => [entry])
    return entries.length === 0 ? [] : [entries]
  }
}
