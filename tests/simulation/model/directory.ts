import type { MembershipRow, Replaced } from '@colonies/database'
import { forgetInstances } from './instances.js'
import { listeningRow, sayListening } from './listening.js'
import { statement, type Transaction } from './model-database.js'
import { heldBy, putBack } from './releases.js'
import { isLockedBy, rowOf } from './rows.js'
import { after, type ColonyTables, type Executor, wireTime } from './tables.js'

const note = ({ tables, xact }: Transaction, subject: string) => tables.directoryChanges.push({ xact, subject })

const named = (colony: ColonyTables, name: string) =>
  [...colony.executors.values()].find((executor) => executor.name === name)

export const readServerOwner = statement('readServerOwner', { apply: ({ tables }) => tables.serverOwner })

export const ensureServerOwner = statement('ensureServerOwner', {
  apply({ tables }, id) {
    tables.serverOwner ??= id
    return tables.serverOwner
  },
})

export const readColony = statement('readColony', {
  apply({ tables }, name) {
    const colony = [...tables.colonies.values()].find((one) => one.name === name)
    return colony && { key: colony.key, name, ownerId: colony.ownerId, paused: colony.paused }
  },
})

export const isColony = statement('isColony', {
  apply: ({ tables }, colonyKey) => tables.colonies.has(colonyKey),
})

export const readColoniesOwnedBy = statement('readColoniesOwnedBy', {
  apply: ({ tables }, id) =>
    [...tables.colonies.values()]
      .filter(({ ownerId }) => ownerId === id)
      .map(({ key, name, ownerId, paused }) => ({ key, name, ownerId, paused })),
})

export const readMemberships = statement('readMemberships', {
  apply: ({ tables }, id) =>
    [...tables.colonies.values()].flatMap(({ key, name: colonyName, executors, users }): MembershipRow[] => {
      const colony = { colony: key, colonyName }
      const executor = executors.get(id)
      if (executor && executor.state <= 1) {
        const { name, state, executor_type: type, location } = executor
        return [{ ...colony, role: 'executor', name, approved: state === 1, type, location }]
      }
      const user = users.get(id)
      return user === undefined ? [] : [{ ...colony, role: 'user', name: user, approved: true, type: '', location: '' }]
    }),
})

export const readDirectoryChanges = statement('readDirectoryChanges', {
  apply({ tables, horizon, now }, since) {
    const changes = since === undefined ? [] : tables.directoryChanges.filter(({ xact }) => xact >= Number(since))
    const subjects = [...new Set(changes.map(({ subject }) => subject))]
    return { subjects, next: BigInt(horizon), atMs: Math.floor(now / 1000), complete: true }
  },
})

export const findColonyOf = statement('findColonyOf', {
  apply: ({ tables }, { by, key }, colonies) =>
    colonies.find((one) => {
      const { specs, graphs, crons, generators, executors } = tables.of(one)
      const things = { process: specs, graph: graphs, cron: crons, generator: generators, executor: executors }
      return by in things && things[by as keyof typeof things].has(key)
    }),
})

export const beat = statement('beat', {
  locks: (_context, _colony, executorId) => ({ waits: [rowOf.executor(executorId)] }),
  apply({ tables, now }, colonyKey, executorId) {
    const executor = tables.of(colonyKey).executors.get(executorId)
    if (!executor) return 0
    Object.assign(executor, { leased: true, heartbeatAt: now, lastHeardAt: now })
    return 1
  },
})

export const recordLastHeard = statement('recordLastHeard', {
  locks: (_context, _colony, sightings) => ({ waits: sightings.map(({ executorId }) => rowOf.executor(executorId)) }),
  apply({ tables, now }, colonyKey, sightings) {
    const { executors } = tables.of(colonyKey)
    let written = 0
    for (const { executorId, secondsAgo } of sightings) {
      const executor = executors.get(executorId)
      const heardAt = now - Math.round(secondsAgo * 1_000_000)
      const isNews = (at: number | null) => (at ?? 0) < heardAt
      if (!executor || !(isNews(executor.lastHeardAt) || (executor.leased && isNews(executor.heartbeatAt)))) continue
      executor.lastHeardAt = Math.max(executor.lastHeardAt ?? 0, heardAt)
      if (executor.leased) executor.heartbeatAt = Math.max(executor.heartbeatAt ?? 0, heardAt)
      written++
    }
    return written
  },
})

export const replaceExecutor = statement('replaceExecutor', {
  locks: (_context, _colony, executor) => ({ waits: [rowOf.executor(executor.executor_id)] }),
  apply(tx, colonyKey, executor): Replaced {
    const colony = tx.tables.of(colonyKey)
    const row = { ...executor, state: 0, leased: false, heartbeatAt: null, lastHeardAt: null }
    colony.executors.set(executor.executor_id, row)
    note(tx, executor.executor_id)
    return { row: executorRow(row, tx.now), ready: [] }
  },
})

const lockOf = (colony: ColonyTables, name: string) =>
  [named(colony, name)].flatMap((executor) => (executor ? rowOf.executor(executor.executor_id) : []))

export const approveExecutor = statement('approveExecutor', {
  locks: ({ tables }, colonyKey, name) => ({ waits: lockOf(tables.of(colonyKey), name) }),
  apply(tx, colonyKey, name) {
    const executor = named(tx.tables.of(colonyKey), name)
    if (!executor) return false
    executor.state = 1
    note(tx, executor.executor_id)
    return true
  },
})

export const revokeExecutor = statement('revokeExecutor', {
  locks({ tables }, colonyKey, name) {
    const colony = tables.of(colonyKey)
    const held = heldBy(colony, named(colony, name)?.executor_id ?? '')
    return { waits: [...lockOf(colony, name), ...held.map(({ processId }) => rowOf.process(processId))] }
  },
  apply(tx, colonyKey, name, state) {
    const colony = tx.tables.of(colonyKey)
    const executor = named(colony, name)
    if (!executor) return undefined
    executor.state = state
    forgetInstances(colony, executor.executor_id)
    note(tx, executor.executor_id)
    const held = heldBy(colony, executor.executor_id).filter(isLockedBy(tx))
    return putBack(tx, colony, held, { reason: 'executor revoked', countsAsRetry: false }).ready
  },
})

function executorRow({ leased: _leased, heartbeatAt: _heartbeatAt, lastHeardAt, ...row }: Executor, now: number) {
  return { ...row, commissioned_at: wireTime(now), last_heard_at: wireTime(lastHeardAt) }
}

export const listExecutors = statement('listExecutors', {
  apply: ({ tables, now }, colonyKey) =>
    [...tables.of(colonyKey).executors.values()].map((row) => executorRow(row, now)),
})

export const listFunctions = statement('listFunctions', {
  apply: ({ tables }, colonyKey, { executorName }) =>
    [...tables.of(colonyKey).functions.values()].filter((one) => one.executor_name === executorName),
})

export const upsertFunction = statement('upsertFunction', {
  apply({ tables }, colonyKey, wanted) {
    const { functions } = tables.of(colonyKey)
    const key = `${wanted.executor_name}/${wanted.function_name}`
    const row = { ...wanted, function_id: functions.get(key)?.function_id ?? wanted.function_id }
    functions.set(key, row)
    return row
  },
})

/** Nobody reads statistics in the simulation. */
export const functionStatistics = statement('functionStatistics', { apply: () => [] })

const aliveSeconds = 10
const forgetSeconds = 60

const alive = ({ tables, now }: Transaction) =>
  [...tables.replicas.values()]
    .filter(({ heardAt }) => heardAt > now - aliveSeconds * 1_000_000)
    .map(({ heardAt, ...row }) => ({ ...row, started_at: wireTime(heardAt), heard_at: wireTime(heardAt) }))

export const beatReplica = statement('beatReplica', {
  locks: () => ({ waits: [listeningRow] }),
  apply(tx, replica) {
    const { replicas } = tx.tables
    const listensAnew = sayListening(tx)
    replicas.set(replica.replica_id, { ...replica, heardAt: tx.now })
    const gone = [...replicas.values()].filter(({ heardAt }) => heardAt < tx.now - forgetSeconds * 1_000_000)
    for (const { replica_id } of gone) replicas.delete(replica_id)
    return { alive: alive(tx), listensAnew }
  },
})

export const takeLease = statement('takeLease', {
  apply({ tables, now }, replicaId, seconds) {
    const { lease } = tables
    if (!lease || lease.replica_id === replicaId || lease.until <= now) {
      const epoch = (lease?.epoch ?? 0) + (lease?.replica_id === replicaId ? 0 : 1)
      tables.lease = { replica_id: replicaId, epoch, until: after(now, seconds) ?? now }
    }
    const { replica_id = '', epoch = 0 } = tables.lease ?? {}
    return { replica_id, epoch: BigInt(epoch) }
  },
})

export const listReplicas = statement('listReplicas', { apply: alive })

export const removeReplica = statement('removeReplica', {
  apply({ tables, now }, replicaId) {
    tables.replicas.delete(replicaId)
    if (tables.lease?.replica_id === replicaId) tables.lease.until = now
  },
})
