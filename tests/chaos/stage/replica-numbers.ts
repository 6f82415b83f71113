import { readFile } from 'node:fs/promises'
import type { ReplicaProcess } from './replica-process.js'

/** Of all replicas together. */
export interface ReplicaNumbers {
  readonly waiters: number
  /** Statements that looked for processes. */
  readonly claims: number
  /** Bytes. */
  readonly heap: number
  readonly resident: number
  readonly cpuSeconds: number
  /** Delay of the slowest event loop since it was asked last. */
  readonly lagP99Ms: number
}

/** Of `/proc`: ticks of the kernel. */
const TICKS_PER_SECOND = 100

export async function readNumbers(replicas: readonly ReplicaProcess[]): Promise<ReplicaNumbers> {
  const pages = await Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
  const values = (name: string) => pages.map((page) => metricOf(page, name))
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
  return {
    waiters: sum(values('colonies_waiters')),
    claims: sum(values('colonies_claims_total')),
    heap: sum(values('colonies_heap_used_bytes')),
    resident: sum(values('process_resident_memory_bytes')),
    cpuSeconds: sum(await Promise.all(replicas.map(cpuSeconds))),
    lagP99Ms: 1_000 * Math.max(...values('colonies_event_loop_lag_p99_seconds')),
  }
}

/** @throws when the page has no such metric: a comparison with `NaN` would look well */
export function metricOf(page: string, name: string): number {
  const value = Number(page.match(new RegExp(`^${name} (.+)$`, 'm'))?.[1])
  if (Number.isNaN(value)) throw new Error(`the metrics have no number ${name}`)
  return value
}

async function cpuSeconds({ pid }: ReplicaProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Behind the name, which may contain anything; user and system time are the 14th and the 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
