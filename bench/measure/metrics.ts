/** Numbers that a replica tells at /metrics. */
export interface Metrics {
  waiters: number
  /** Statements that looked for processes. */
  claims: number
}

/** @throws Error when a number is not there */
export async function metricsOf(url: string): Promise<Metrics> {
  const response = await fetch(`${url}/metrics`)
  const page = await response.text()
  const value = (name: string) => {
    const found = new RegExp(`^${name} (.*)$`, 'm').exec(page)?.[1]
    if (found === undefined) throw new Error(`${url}/metrics has no ${name}`)
    return Number(found)
  }
  return { waiters: value('colonies_waiters'), claims: value('colonies_claims_total') }
}
