import type { HotPath } from '../queue/hot-path.js'
import type { Loop } from './loop.js'

/** Makes up for lost hints: waiting executors get what is ready after a second at the latest. */
export function idlePoll({ room, recheckIdle }: Pick<HotPath, 'room' | 'recheckIdle'>): Loop {
  return {
    name: 'idle-poll',
    everyMs: 1_000,
    get quietMs() {
      return room.size > 0 ? undefined : 10_000
    },
    async runOnce() {
      await recheckIdle()
      return 'rest'
    },
  }
}
