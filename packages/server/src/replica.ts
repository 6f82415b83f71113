import { hostname } from 'node:os'
import { newestMigration } from '@colonies/database'
import type { Activity } from './activity.js'
import { cleanUp } from './background/clean-up.js'
import { counters } from './background/counters.js'
import { crons } from './background/crons.js'
import { deadlines } from './background/deadlines.js'
import { eventPoll } from './background/event-poll.js'
import { generators } from './background/generators.js'
import { idlePoll } from './background/idle-poll.js'
import { storeLastHeard } from './background/last-heard.js'
import { LOOK_MS, Lookout } from './background/lookout.js'
import { Alarm, type Loop } from './background/loop.js'
import { lostExecutors } from './background/lost-executors.js'
import { lostInstances } from './background/lost-instances.js'
import { partitions } from './background/partitions.js'
import { replicaHeartbeat } from './background/replica-heartbeat.js'
import { retention } from './background/retention.js'
import { staleExecutors } from './background/stale-executors.js'
import { storeCleanUp } from './background/store-clean-up.js'
import { unknownHolders } from './background/unknown-holders.js'
import { vacuum } from './background/vacuum.js'
import { createChannelAppends } from './channels/channel-appends.js'
import { tagOf } from './channels/channel-feed.js'
import { LastHeard } from './cluster/last-heard.js'
import { Members } from './cluster/members.js'
import type { Config } from './config.js'
import { EndedTexts } from './ended-texts.js'
import type { Replica } from './handler.js'
import type { Metrics } from './http/metrics.js'
import { handlers } from './operations/index.js'
import { createHotPath } from './queue/hot-path.js'
import type { Parts, Shell } from './shell.js'
import { createSubscriptions } from './subscriptions/subscriptions.js'

/** Puts the parts of a replica together; none of them knows the others but by what is handed to it here. */
export function createReplica(shell: Shell): Parts {
  const { config, db, log, activity, hints, replicaId, port, store } = shell
  const { host } = config.http
  const members = new Members({ replica_id: replicaId, name: nameOf(config), host, port, knows: newestMigration() })
  const lastHeard = new LastHeard(log)
  const { subscriptions, feed, channels: channelFeed } = createSubscriptions(db, log)

  const changed: Replica['changed'] = (colony) => {
    activity.touch()
    feed.changed(colony)
    channelFeed.changed(colony)
    if (!members.alone) hints.changed(colony, members.alive.length - 1)
  }
  const generatorAlarm = new Alarm()
  const hotPath = createHotPath({
    db,
    log,
    changed,
    tellOthers(colony, ready) {
      if (!members.alone) hints.ready(colony, ready)
    },
    isAlone: () => members.alone,
    generatorsDue: () => generatorAlarm.ring(),
  })
  const channels = createChannelAppends({
    db,
    hint: hotPath.hint,
    appended(colony, processIds) {
      const tags = processIds.map(tagOf)
      channelFeed.appended(colony, tags)
      if (!members.alone) hints.appended(colony, tags)
    },
  })
  addMetrics(shell.metrics, { db, hotPath, members })
  const replica: Replica = {
    config,
    id: replicaId,
    port,
    hotPath,
    channels,
    endedTexts: new EndedTexts(),
    members,
    store,
    changed,
    hint: hotPath.hint,
    directoryChanged: shell.directoryChanged,
    lastHeard: (colony, executorId) => lastHeard.lastHeard(colony, executorId),
  }
  return {
    replica,
    handlers,
    subscriptions,
    loops: [
      ...watchedLoops(config, activity, generatorAlarm),
      unknownHolders,
      staleExecutors,
      idlePoll(hotPath),
      counters,
      partitions,
      vacuum,
      cleanUp,
      retention(() => members.leads),
      replicaHeartbeat(members),
      storeLastHeard(lastHeard),
      eventPoll([feed, channelFeed]),
      ...(store ? [storeCleanUp(store)] : []),
    ],
    join: () => members.join(db),
    heard({ caller, colony }) {
      if (caller.kind === 'executor') lastHeard.heard(colony.key, caller.id)
    },
    changed(colony) {
      feed.changed(colony)
      channelFeed.changed(colony)
    },
    appended: (colony, tags) => channelFeed.appended(colony, tags),
    ready: hotPath.hintFromOthers,
    missed() {
      hotPath.recheckIdle().catch((error: unknown) => log.warn('the idle poll failed', { error }))
      for (const one of [feed, channelFeed])
        one.poll().catch((error: unknown) => log.warn('the event poll failed', { error }))
    },
    async close() {
      await Promise.all([hotPath.close(), channels.drained()])
      await lastHeard.store(db)
      await members.leave(db)
    },
    drained: () => hotPath.drained(),
  }
}

/** Loops that look each second or two and seldom find anything. Those that were given another period come as that says. */
function watchedLoops({ cronPeriodMs, generatorPeriodMs }: Config, activity: Activity, generatorAlarm: Alarm): Loop[] {
  const lookout = new Lookout(activity)
  const cronLoop = crons(cronPeriodMs)
  const generatorLoop = generators(generatorPeriodMs, generatorAlarm)
  return [
    lookout,
    lookout.watch('deadlines', deadlines()),
    cronPeriodMs === LOOK_MS ? lookout.watch('crons', cronLoop) : cronLoop,
    generatorPeriodMs === LOOK_MS ? lookout.watch('generators', generatorLoop) : generatorLoop,
    lookout.watch('lostExecutors', lostExecutors),
    lookout.watch('lostInstances', lostInstances),
  ]
}

type Measured = Pick<Replica, 'hotPath' | 'members'> & Pick<Shell, 'db'>

function addMetrics(metrics: Metrics, { db, hotPath, members }: Measured): void {
  const failed = 'Statements and connections that failed, by what was wrong.'
  metrics.addCounters('colonies_database_failures_total', failed, 'kind', () => db.failures)
  metrics.addGauge('colonies_waiters', 'Executors that wait for a process.', () => hotPath.room.size)
  metrics.addCounter('colonies_claims_total', 'Statements that looked for processes.', () => hotPath.room.claims)
  metrics.addGauge('colonies_batch_depth', 'Calls that wait in batches or are being stored.', () => hotPath.queued())
  metrics.addGauge('colonies_leader', '1 on the replica that leads.', () => Number(members.leads))
  metrics.addGauge('colonies_leader_epoch', 'Of the lease that this replica saw last.', () =>
    Number(members.leader?.epoch ?? 0),
  )
  metrics.addGauge('colonies_replicas_alive', 'As this replica saw them last.', () => members.alive.length)
}

/** Workers of one machine share its name and port, so each has a number. */
function nameOf({ worker }: Config): string {
  return worker ? `${hostname()}/${worker.number}` : hostname()
}
