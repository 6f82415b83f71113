import { checkState } from '@colonies/core'
import { type AttributeRow, type Db, findAttributesByKey, readStandings } from '@colonies/database'
import { ColoniesError, limits, State } from '@colonies/protocol'
import { ChannelFeed } from '../channels/channel-feed.js'
import { ChannelSubscription } from '../channels/channel-subscription.js'
import { positionOf, useOf } from '../channels/entries.js'
import type { Log } from '../log.js'
import { attributeText } from '../queue/process-text.js'
import type { Subscriptions } from '../subscriber.js'
import type { AttributeFollower, ProcessFollower } from './colony-feed.js'
import { EventFeed } from './event-feed.js'
import { enters, ProcessSubscription } from './process-subscription.js'
import { Subscription } from './subscription.js'

/** What serves subscriptions: tell it of changes, and let it poll. */
interface Feeds {
  feed: EventFeed
  channels: ChannelFeed
}

/** What is asked for on `/pubsub`. */
export function createSubscriptions(db: Db, log: Log): { subscriptions: Subscriptions } & Feeds {
  const feeds = { feed: new EventFeed(db, log), channels: new ChannelFeed(db, log) }
  return { subscriptions: subscriptionsOf(feeds, log), ...feeds }
}

function subscriptionsOf({ feed, channels }: Feeds, log: Log): Subscriptions {
  return {
    subscribeChannel({ processid, name, afterseq, timeout, ended }, call, outlet) {
      const subscription = new Subscription({
        seconds: timeout === 0 ? limits.channelSubscriptionSeconds : timeout,
        // Clients of the original subscribe again on the same connection.
        done: (refusal) => outlet.done(refusal, 'stays'),
        log,
        last: () => outlet.send('[]'),
      })
      const use = useOf(call, { to: 'subscribe to', ended })
      const wish = { processId: processid, name, from: positionOf(afterseq), use }
      const { db, colony } = call
      const follower = new ChannelSubscription(wish, { db, colony: colony.key, outlet, subscription })
      subscription.run(() => follower.start(channels))
      return () => subscription.stop()
    },

    subscribeProcess({ processid, state, executortype, timeout }, { db, colony }, { send, done }) {
      checkState(state)
      const subscription = new Subscription({ seconds: timeout, done, log })
      const wish = { processId: processid, state, executorType: executortype }
      const follower = new ProcessSubscription(wish, { db, colony, send, subscription })
      subscription.run(() => follower.start(feed))
      return () => subscription.stop()
    },

    subscribeProcesses({ executortype, state, timeout }, { colony }, { send, done }) {
      checkState(state)
      const subscription = new Subscription({ seconds: timeout, done, log })
      const follower: ProcessFollower = {
        of: { executorType: executortype },
        wants: (event) => (enters(event, state) ? state : undefined),
        show: (text) => subscription.isOver || send(text),
        gone() {}, // another one may come
      }
      subscription.run(async () => {
        if (subscription.looksOnce) subscription.end()
        else subscription.onEnd(await feed.follow(colony, follower))
      })
      return () => subscription.stop()
    },

    subscribeAttribute({ processid, key, timeout }, { db, colony }, { send, done }) {
      const subscription = new Subscription({ seconds: timeout, done, log })
      const follower: AttributeFollower = {
        processId: processid,
        key,
        show(row: AttributeRow) {
          if (subscription.isOver) return
          send(attributeText(row, colony.name))
          subscription.end()
        },
        missed: () => subscription.end(),
      }
      subscription.run(async () => {
        if (!subscription.looksOnce) subscription.onEnd(await feed.followAttribute(colony, follower))
        // First how the process stands: when it has ended, what is read next is all that it will ever have.
        const [standing] = await readStandings(db, colony.key, [processid])
        if (!standing) throw new ColoniesError('not_found', `Process with Id <${processid}> not found`)
        const [row] = await findAttributesByKey(db, colony.key, [follower])
        if (row) follower.show(row)
        else if (standing.state >= State.success || subscription.looksOnce) follower.missed()
      })
      return () => subscription.stop()
    },
  }
}
