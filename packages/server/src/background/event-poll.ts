import type { Loop } from './loop.js'

interface Feed {
  readonly isFollowed: boolean
  poll(): Promise<void>
}

/** Makes up for lost hints: subscribers hear of what happened after a second at the latest. */
export function eventPoll(feeds: readonly Feed[]): Loop {
  return {
    name: 'event-poll',
    everyMs: 1_000,
    get quietMs() {
      return feeds.some((feed) => feed.isFollowed) ? undefined : 10_000
    },
    async runOnce() {
      await Promise.all(feeds.map((feed) => feed.poll()))
      return 'rest'
    },
  }
}
