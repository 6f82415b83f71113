import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '@colonies/database'
import { createLog } from '../log.js'
import { Subscription } from '../subscriptions/subscription.js'
import { ChannelSubscription } from './channel-subscription.js'

test('a subscriber that reads slowly waits once for room, however often it is looked at', () => {
  let full = true
  const waiting: (() => void)[] = []
  const outlet = {
    send: () => {},
    isFull: () => full,
    whenRoom: (work: () => void) => void waiting.push(work),
    done: () => {},
  }
  const subscription = new Subscription({ seconds: 0, done: outlet.done, log: createLog({ level: 'error' }) })
  const use = { callerId: 'me', callerIsExecutor: false, attempt: 0, to: 'subscribe to', ended: false } as const
  const wish = { processId: 'p', name: 'chat', from: 0, use }
  const follower = new ChannelSubscription(wish, { db: {} as Db, colony: 1, outlet, subscription })
  assert.deepEqual([follower.isReady(), follower.isReady(), follower.isReady()], [false, false, false])
  assert.equal(waiting.length, 1)
  waiting[0]?.()
  assert.equal(follower.isReady(), false)
  assert.equal(waiting.length, 2)
  full = false
  assert.equal(follower.isReady(), true)
})
