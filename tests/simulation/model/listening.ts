import { statement } from './model-database.js'
import type { Micros, Tables } from './tables.js'

const gapMax = 10_000_000

const isUnbroken = ({ lastAt }: Tables['listening'], now: Micros) => Math.abs(now - lastAt) <= gapMax

export const keepListening = statement('keepListening', {
  locks: () => ({ waits: ['listening'] }),
  apply({ tables, now }) {
    const since = isUnbroken(tables.listening, now) ? tables.listening.since : now
    tables.listening = { since, lastAt: now }
    return since === now
  },
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
