import { isSilentSince } from './listening.js'
import { statement, type Transaction } from './model-database.js'
import { putBack } from './releases.js'
import { isLockedBy, rowOf } from './rows.js'
import { after, type ColonyTables, type ExecutorInstance, type Live } from './tables.js'

const leaseSeconds = 60
const forgottenAfterSeconds = 600

const keyOf = ({ executorId, instanceId }: Pick<ExecutorInstance, 'executorId' | 'instanceId'>) =>
  `${executorId}/${instanceId}`

export const beatInstance = statement('beatInstance', {
  locks: (_context, _colony, instance) => ({
    waits: [rowOf.executor(instance.executorId), rowOf.instance(keyOf(instance))],
  }),
  apply({ tables, now }, colonyKey, { executorId, instanceId }, most) {
    const { executors, instances } = tables.of(colonyKey)
    const executor = executors.get(executorId)
    if (!executor) return true
    Object.assign(executor, { leased: true, heartbeatAt: now, lastHeardAt: now })
    const key = keyOf({ executorId, instanceId })
    const others = [...instances.values()].filter((one) => one.executorId === executorId)
    if (!instances.has(key) && others.length >= most) return false
    instances.set(key, { executorId, instanceId, heartbeatAt: now, lookAt: after(now, leaseSeconds) ?? now })
    return true
  },
})

/** For statements that take the rights of an executor. */
export function forgetInstances({ instances }: ColonyTables, executorId: string): void {
  for (const one of [...instances.values()]) if (one.executorId === executorId) instances.delete(keyOf(one))
}

function lostInstances(
  colony: ColonyTables,
  { tables, now }: Pick<Transaction, 'tables' | 'now'>,
  aheadSeconds = 0,
): ExecutorInstance[] {
  const silence = { tables, now, silentSeconds: leaseSeconds - aheadSeconds }
  const looked = now + aheadSeconds * 1_000_000
  return [...colony.instances.values()]
    .filter(({ lookAt, heartbeatAt }) => lookAt < looked && isSilentSince(heartbeatAt, silence))
    .sort((a, b) => a.lookAt - b.lookAt)
    .slice(0, 100)
}

const heldBy = ({ live }: ColonyTables, { executorId, instanceId }: ExecutorInstance): Live[] =>
  [...live.values()].filter(
    ({ holder, assignId }) => holder === executorId && assignId?.startsWith(`instance:${instanceId}.`),
  )

export const lostInstanceColonies = (tx: Transaction, aheadSeconds = 0) =>
  [...tx.tables.colonies.values()]
    .filter((colony) => lostInstances(colony, tx, aheadSeconds).length > 0)
    .map(({ key }) => key)

export const coloniesWithLostInstances = statement('coloniesWithLostInstances', {
  apply: (tx) => lostInstanceColonies(tx),
})

export const releaseFromLostInstances = statement('releaseFromLostInstances', {
  locks({ tables, now, isFree }, colonyKey, limit) {
    const colony = tables.of(colonyKey)
    const lost = lostInstances(colony, { tables, now }).filter((one) => isFree(rowOf.instance(keyOf(one))))
    const processes = lost.flatMap((one) => heldBy(colony, one)).slice(0, limit)
    return {
      skips: [
        ...lost.map((one) => rowOf.instance(keyOf(one))),
        ...processes.map(({ processId }) => rowOf.process(processId)).filter(isFree),
      ],
    }
  },
  apply(tx, colonyKey, limit) {
    const colony = tx.tables.of(colonyKey)
    const lost = lostInstances(colony, tx).filter((one) => tx.locked.has(rowOf.instance(keyOf(one))))
    const held = lost.flatMap((one) => heldBy(colony, one)).slice(0, limit)
    const back = putBack(tx, colony, held.filter(isLockedBy(tx)), { reason: 'executor lost', countsAsRetry: false })
    for (const one of lost) {
      if (heldBy(colony, one).length > 0) continue
      const isOver = one.heartbeatAt < tx.now - forgottenAfterSeconds * 1_000_000
      if (isOver) colony.instances.delete(keyOf(one))
      else one.lookAt = after(tx.now, forgottenAfterSeconds) ?? tx.now
    }
    return back
  },
})
