import { fits } from '@colonies/core'
import { keyOf } from '../actors/places.js'
import { isReady } from '../model/rows.js'
import type { ColonyTables, Live } from '../model/tables.js'
import type { Network } from '../world/network.js'
import { silenceMs } from '../world/postgres.js'
import type { World } from '../world/world.js'
import { shown } from './auditor.js'

/** The poll of each second makes up for lost hints; this is that, and a little. */
const patienceMs = 4_000
const lookMs = 500

/** 11. When all is well, no executor is kept on the line while something is ready that fits it, whatever hints were lost. */
export function auditWaits({ world, network }: { world: World; network: Network }, colony: ColonyTables): void {
  const node = world.node('waits')
  const since = new Map<string, number>()
  const look = () => {
    const ready = [...colony.live.values()].filter(isReady)
    const pairs = network.held().flatMap(({ executor, replica, heldForMs }) => {
      const isSettled = heldForMs > patienceMs && replica.pausedUntilMs + patienceMs < world.nowMs
      return isSettled ? ready.filter((row) => mayRun(colony, executor, row)).map((row) => ({ executor, row })) : []
    })
    const keys = new Set(pairs.map(({ executor, row }) => `${executor} ${row.processId} ${row.attempt}`))
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key)
    for (const { executor, row } of pairs) {
      const key = `${executor} ${row.processId} ${row.attempt}`
      const first = since.get(key) ?? world.nowMs
      since.set(key, first)
      if (world.nowMs - first > patienceMs)
        world.fail(`(11) ${executor} waits for work, and ${shown(row.processId)} waits for an executor like it`)
    }
    world.plan(node, lookMs, look)
  }
  // What was sent into a line that has healed still waits for so long.
  world.plan(node, silenceMs, look)
}

function mayRun(colony: ColonyTables, name: string, row: Live): boolean {
  const executor = colony.executors.get(keyOf(name))
  if (executor?.state !== 1) return false
  const plenty = 10n ** 18n
  return fits(row, { type: executor.executor_type, name, location: '', cpu: plenty, memory: plenty })
}
