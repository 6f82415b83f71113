/** What is asked of a deployment. */
export interface Demand {
  executors: number
  processesPerDay: number
  /** How much more comes in the busiest minutes than on average. */
  peak: number
  colonies: number
  /** Seconds that a process runs. */
  workSeconds: number
  /** Seconds for which an executor asks, and after which it asks again. */
  pollSeconds: number
  heartbeatSeconds: number
  retentionDays: number
}

export const demand: Demand = {
  executors: 1_000_000,
  processesPerDay: 1_000_000_000,
  peak: 3,
  colonies: 1_000,
  workSeconds: 10,
  pollSeconds: 30,
  heartbeatSeconds: 15,
  retentionDays: 7,
}

const DAY_SECONDS = 86_400

/** Requests of each second. */
export interface Rates {
  processes: number
  /** Of executors that ask once more because nothing came; those that get something count as processes. */
  polls: number
  heartbeats: number
  /** Executors that wait. */
  idle: number
}

/** @param times of the average */
export function ratesOf(demand: Demand, times: number): Rates {
  const { executors, processesPerDay, workSeconds, pollSeconds, heartbeatSeconds } = demand
  const processes = (processesPerDay / DAY_SECONDS) * times
  const idle = Math.max(0, executors - processes * workSeconds)
  return { processes, polls: idle / pollSeconds, heartbeats: executors / heartbeatSeconds, idle }
}
