import { comingCrons } from './crons.js'
import type { Db } from './db.js'
import { lostExecutorColonies } from './due.js'
import { comingGenerators } from './generator-runs.js'
import { lostInstanceColonies } from './instances.js'
import { overdueColonies } from './overdue.js'
import { sql } from './sql.js'

/** Whether there is something to be done, for each loop that often finds nothing. */
export interface Agenda {
  deadlines: boolean
  crons: boolean
  generators: boolean
  lostExecutors: boolean
  lostInstances: boolean
}

export interface AgendaOptions {
  /** Crons and generators whose time comes within this are something to be done. */
  withinMs: number
  /** Silence after which an executor that sends heartbeats is lost. */
  silentSeconds: number
}

/**
 * Asks for all of them at once what each loop asks for itself, up to the first colony of each that has something. Uses the
 * indexes `live_deadline`, `crons_due`, `generators_due`, `live_holder` and `executor_instances_look`.
 */
export async function readAgenda(db: Db, { withinMs, silentSeconds }: AgendaOptions): Promise<Agenda> {
  const row = await db.one<Agenda>(sql`
    select exists (${overdueColonies()}) as deadlines,
      exists (${comingCrons(withinMs)}) as crons,
      exists (${comingGenerators(withinMs)}) as generators,
      exists (${lostExecutorColonies(silentSeconds)}) as "lostExecutors",
      exists (${lostInstanceColonies()}) as "lostInstances"`)
  if (!row) throw new Error('A statement that always has a row had none.')
  return row
}
