import type { Db, EventRow } from '@colonies/database'
import { ColoniesError, State } from '@colonies/protocol'
import type { Outlet } from '../subscriber.js'
import { isLast, type ProcessFollower } from './colony-feed.js'
import type { EventFeed } from './event-feed.js'
import { type FeedColony, frameText, readFrames } from './frames.js'
import type { Subscription } from './subscription.js'

export interface ProcessWish {
  processId: string
  state: number
  /** '' for whatever it is. Another one than that of the process: only the last frame comes. */
  executorType: string
}

interface Place {
  db: Db
  colony: FeedColony
  send: Outlet['send']
  subscription: Subscription
}

/**
 * Shows one process each time it enters a state: at once when it is in it already, and last when it has ended, in whatever
 * state. It follows the process before it reads it, so that no change is missed in between; what it then hears of twice, it
 * shows once.
 */
export class ProcessSubscription implements ProcessFollower {
  readonly of: { processId: string }
  readonly #wish: ProcessWish
  readonly #place: Place
  /** What came before the process was read; undefined afterwards. */
  #held: [text: string, event: EventRow][] | undefined = []
  /** Attempt of the process when it was shown in the wished state on reading; what is not later is known already. */
  #shownAttempt = -1

  constructor(wish: ProcessWish, place: Place) {
    this.of = { processId: wish.processId }
    this.#wish = wish
    this.#place = place
  }

  async start(feed: EventFeed): Promise<void> {
    const { db, colony, send, subscription } = this.#place
    if (!subscription.looksOnce) subscription.onEnd(await feed.follow(colony, this))
    const { processId, state } = this.#wish
    const frame = (await readFrames(db, colony, [processId])).get(processId)
    if (subscription.isOver) return
    if (!frame) throw new ColoniesError('not_found', `Process with Id <${processId}> not found`)
    const { row } = frame
    const ended = row.state >= State.success
    if (ended || row.state === state) {
      send(frameText(frame, row.state, colony))
      this.#shownAttempt = row.attempt
    }
    if (ended || subscription.looksOnce) subscription.end()
    const held = this.#held ?? []
    this.#held = undefined
    for (const [text, event] of held) this.show(text, event)
  }

  wants(event: EventRow): number | undefined {
    if (isLast(event)) return event.state
    const { state, executorType } = this.#wish
    if (executorType !== '' && executorType !== event.executor_type) return undefined
    return enters(event, state) && event.attempt > this.#shownAttempt ? state : undefined
  }

  show(text: string, event: EventRow): void {
    const { send, subscription } = this.#place
    if (this.#held) this.#held.push([text, event])
    else if (!subscription.isOver && this.wants(event) !== undefined) {
      send(text)
      if (isLast(event)) subscription.end()
    }
  }

  gone(): void {
    this.#place.subscription.end()
  }
}

/** A process that found an executor waiting starts as running: it was waiting for no time at all. */
export function enters(event: EventRow, state: number): boolean {
  const startedAsRunning = event.old_state === null && event.state === State.running
  return event.state === state || (state === State.waiting && startedAsRunning)
}
