import type { EventFeed } from '../subscriptions/event-feed.js'
import type { Loop } from './loop.js'

/** Makes up for lost hints: subscribers hear of what happened after a second at the latest. */
export function eventPoll(feed: EventFeed): Loop {
  return {
    name: 'event-poll',
    everyMs: 1_000,
    async runOnce() {
      await feed.poll()
      return 'rest'
    },
  }
}
