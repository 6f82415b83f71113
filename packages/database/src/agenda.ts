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
  /** Asks what there will be to do after this time if nobody changes anything; now when left out. */
  aheadMs?: number
}

/**
 * Asks for all of them at once what each loop asks for itself, up to the first colony of each that has something. Uses the
 * indexes `live_deadline`, `crons_due`, `generators_due`, `live_holder` and `executor_instances_look`.
 */
export async function readAgenda(db: Db, { withinMs, silentSeconds, aheadMs = 0 }: AgendaOptions): Promise<Agenda> {
  const aheadSeconds = aheadMs / 1000
  const rows = await db.all<Agenda>(sql`
    select exists (${overdueColonies(sql`now() + make_interval(secs => ${aheadSeconds})`)}) as deadlines,
      exists (${comingCrons(withinMs + aheadMs)}) as crons,
      exists (${comingGenerators(withinMs + aheadMs)}) as generators,
      exists (${lostExecutorColonies(silentSeconds - aheadSeconds)}) as "lostExecutors",
      exists (${lostInstanceColonies(aheadSeconds)}) as "lostInstances"`)
  // Where the tables are spread, each shard answers for its colonies.
  const any = (what: keyof Agenda) => rows.some((row) => row[what])
  return {
    deadlines: any('deadlines'),
    crons: any('crons'),
    generators: any('generators'),
    lostExecutors: any('lostExecutors'),
    lostInstances: any('lostInstances'),
  }
}
