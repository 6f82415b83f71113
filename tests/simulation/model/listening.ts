import { statement, type Transaction } from './model-database.js'
import type { Micros, ReplicaHeard, Tables } from './tables.js'

const gapMax = 10_000_000

const isUnbroken = ({ lastAt }: Tables['listening'], now: Micros) => Math.abs(now - lastAt) <= gapMax

/** @returns whether it began anew */
export function sayListening({ tables, now }: Transaction): boolean {
  const isOld = ({ knows, heardAt }: ReplicaHeard) => knows < 17 && heardAt > now - 30_000_000
  const goesOn = isUnbroken(tables.listening, now) && ![...tables.replicas.values()].some(isOld)
  const since = goesOn ? tables.listening.since : now
  tables.listening = { since, lastAt: now }
  return since === now
}

export const listeningRow = 'listening'

export const keepListening = statement('keepListening', {
  locks: () => ({ waits: [listeningRow] }),
  apply: sayListening,
})

/** When it is judged who is silent, and for how long they may be. */
export interface Silence {
  tables: Tables
  now: Micros
  silentSeconds: number
}

/** So long ago, and somebody would have heard a sign of life since. */
export function isSilentSince(at: Micros | null, { tables: { listening }, now, silentSeconds }: Silence): boolean {
  const from = now - silentSeconds * 1_000_000
  return at !== null && at < from && isUnbroken(listening, now) && listening.since <= from
}
