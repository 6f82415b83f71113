import { limits } from '@colonies/protocol'
import type { ColonyTables, Micros } from '../model/tables.js'

const LATE: Micros = limits.cronLateSeconds * 1_000_000

/** 6. Every planned time of a cron fires at most once, and is left out only when it was missed or its graph was in the way. */
export class CronAuditor {
  readonly #colony: ColonyTables

  constructor(colony: ColonyTables) {
    this.#colony = colony
  }

  faults(): string[] {
    return [...this.#colony.crons.values()].flatMap((cron) => {
      const graphs = [...this.#colony.graphs.values()].filter(({ cronId }) => cronId === cron.cron_id)
      const planned = graphs
        .flatMap(({ plannedAt, submittedAt }) => (plannedAt === null ? [] : [{ plannedAt, submittedAt }]))
        .sort((a, b) => a.plannedAt - b.plannedAt)
      const mayBeLeftOut = cron.overlap === 'skip' || cron.overlap === 'wait'
      return planned.slice(1).flatMap((run, at) => {
        const before = planned[at] ?? run
        const gap = Math.round((run.plannedAt - before.plannedAt) / 1_000_000)
        if (gap === 0) return [`(6) a planned time of ${cron.name} has fired twice`]
        if (gap === cron.interval_seconds || mayBeLeftOut) return []
        // Times that had passed for long when their predecessor was served were missed, all together.
        const wasLate = before.submittedAt - (before.plannedAt + cron.interval_seconds * 1_000_000) > LATE
        return wasLate && !cron.catchup ? [] : [`(6) ${cron.name} left out the times of ${gap} seconds`]
      })
    })
  }
}
