import type { Loop } from './loop.js'

/** Makes up for lost hints: waiting executors get what is ready after a second at the latest. */
export const idlePoll: Loop = {
  name: 'idle-poll',
  everyMs: 1_000,
  async runOnce({ replica }) {
    await replica.hotPath.recheckIdle()
    return 'rest'
  },
}
