import type { Loop } from './loop.js'

/** Makes up for lost hints: subscribers hear of what happened after a second at the latest. */
export function eventPoll(feeds: readonly { poll(): Promise<void> }[]): Loop {
  return {
    name: 'event-poll',
    everyMs: 1_000,
    async runOnce() {
      await Promise.all(feeds.map((feed) => feed.poll()))
      return 'rest'
    },
  }
}
