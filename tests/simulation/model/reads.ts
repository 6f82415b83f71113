import { comingCrons } from './crons.js'
import { comingGenerators } from './generators.js'
import { lostInstanceColonies } from './instances.js'
import { statement, type Transaction } from './model-database.js'
import { heldByLost } from './releases.js'
import { isHeldBy, isOverdue, isReady, processRow, rowOf } from './rows.js'
import type { ColonyTables } from './tables.js'

const keysOf = (colonies: Iterable<ColonyTables>, test: (colony: ColonyTables) => boolean) =>
  [...colonies].filter(test).map(({ key }) => key)

const overdueColonies = ({ tables, now }: Pick<Transaction, 'tables' | 'now'>, withinSeconds?: number) =>
  keysOf(tables.colonies.values(), ({ live }) => [...live.values()].some((row) => isOverdue(row, now, withinSeconds)))

export const coloniesWithOverdue = statement('coloniesWithOverdue', { apply: overdueColonies })

const lostExecutorColonies = ({ tables, now }: Pick<Transaction, 'tables' | 'now'>, silentSeconds: number) =>
  keysOf(tables.colonies.values(), (colony) => heldByLost(colony, { tables, now, silentSeconds }).length > 0)

export const coloniesWithLostExecutors = statement('coloniesWithLostExecutors', { apply: lostExecutorColonies })

export const readAgenda = statement('readAgenda', {
  apply: (tx, { withinMs, silentSeconds, aheadMs = 0 }) => ({
    deadlines: overdueColonies({ tables: tx.tables, now: tx.now + aheadMs * 1000 }).length > 0,
    crons: comingCrons(tx, withinMs + aheadMs).length > 0,
    generators: comingGenerators(tx, withinMs + aheadMs).length > 0,
    lostExecutors: lostExecutorColonies(tx, silentSeconds - aheadMs / 1000).length > 0,
    lostInstances: lostInstanceColonies(tx, aheadMs / 1000).length > 0,
  }),
})

const heldByUnknown = ({ live, executors }: ColonyTables) =>
  [...live.values()].filter(({ holder }) => holder !== null && !executors.has(holder))

export const coloniesWithUnknownHolders = statement('coloniesWithUnknownHolders', {
  apply: ({ tables }) => keysOf(tables.colonies.values(), (colony) => heldByUnknown(colony).length > 0),
})

export const heldByNobody = statement('heldByNobody', {
  apply: ({ tables }, colonyKey, limit) =>
    heldByUnknown(tables.of(colonyKey))
      .slice(0, limit)
      .map(({ processId, holder, attempt }) => ({ processId, holder: holder ?? '', attempt })),
})

export const typesWithReady = statement('typesWithReady', {
  apply({ tables }, colonyKey, types) {
    const ready = [...tables.of(colonyKey).live.values()].filter(isReady)
    return types.filter((type) => ready.some(({ executorType }) => executorType === type))
  },
})

export const wantedOf = statement('wantedOf', {
  apply({ tables }, colonyKey, executorType, names) {
    const ready = [...tables.of(colonyKey).live.values()].filter(
      (row) => isReady(row) && row.executorType === executorType,
    )
    const counts = names.map((name) => ({ name, count: ready.filter((row) => row.names?.includes(name)).length }))
    return counts.filter(({ count }) => count > 0)
  },
})

export const readProcesses = statement('readProcesses', {
  apply: ({ tables }, colonyKey, ids) => ids.flatMap((id) => processRow(tables.of(colonyKey), id) ?? []),
})

export const readStandings = statement('readStandings', {
  apply({ tables }, colonyKey, ids) {
    const { live, results } = tables.of(colonyKey)
    return ids.flatMap((id) => {
      const row = live.get(id) ?? results.get(id)
      if (!row) return []
      const { state, holder, attempt, graphId } = row
      return [{ process_id: id, state, holder, attempt, in_graph: graphId !== null }]
    })
  },
})

/** Processes of the simulation have no attributes. */
export const listAttributes = statement('listAttributes', { apply: () => [] })

export const setOutput = statement('setOutput', {
  locks: ({ tables }, colonyKey, change) => {
    const row = tables.of(colonyKey).live.get(change.processId)
    return { waits: isHeldBy(row, change) ? [rowOf.process(change.processId)] : [] }
  },
  apply({ tables }, colonyKey, change) {
    const row = tables.of(colonyKey).live.get(change.processId)
    if (!isHeldBy(row, change)) return 0
    row.output = change.output
    return 1
  },
})

export const lostBy = statement('lostBy', {
  apply({ tables }, colonyKey, executorId, { processIds, attempts }) {
    const { live } = tables.of(colonyKey)
    return processIds.filter((id, place) => {
      const row = live.get(id)
      const attempt = attempts[place] ?? 0
      return !(row && row.holder === executorId && (attempt === 0 || row.attempt === attempt))
    })
  },
})

export const coloniesToCount = statement('coloniesToCount', {
  apply: ({ tables, horizon }) =>
    keysOf(tables.colonies.values(), ({ events, counters }) =>
      events.some(({ xact }) => xact >= counters.countedTo && xact < horizon),
    ),
})

const states = ['waiting', 'running', 'success', 'failed', 'cancelled'] as const

export const rollUp = statement('rollUp', {
  // The row of the colony is taken with `skip locked`: a second replica finds nothing to do.
  locks: ({ isFree }, colonyKey) => ({ skips: [`counters ${colonyKey}`].filter(isFree) }),
  apply({ tables, horizon, locked }, colonyKey) {
    const { events, counters } = tables.of(colonyKey)
    if (!locked.has(`counters ${colonyKey}`) || horizon <= counters.countedTo) return { events: 0, more: false }
    const counted = events.filter(({ xact }) => xact >= counters.countedTo && xact < horizon)
    for (const { oldState, state } of counted) {
      if (oldState !== null) counters[states[oldState] ?? 'waiting'] -= 1
      counters[states[state] ?? 'waiting'] += 1
    }
    counters.countedTo = horizon
    return { events: counted.length, more: false }
  },
})

/** Counters of graphs are not modelled: what they count is checked graph by graph. */
export const rollUpGraphs = statement('rollUpGraphs', { apply: () => false })
