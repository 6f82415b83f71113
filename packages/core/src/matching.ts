/** What a process demands of its executor. */
export interface Demand {
  executorType: string
  names: readonly string[] | null
  /** Lower case; '' for any. */
  location: string
  cpu: bigint
  memory: bigint
}

/** What an executor offers. */
export interface Offer {
  type: string
  name: string
  /** Lower case; '' when it has none, and then it gets no process that wants one. */
  location: string
  cpu: bigint
  memory: bigint
}

/** Whether an executor may run a process; the same rule as the claim statement's. */
export function fits(demand: Demand, offer: Offer): boolean {
  return (
    demand.executorType === offer.type &&
    (demand.names === null || demand.names.includes(offer.name)) &&
    (demand.location === '' || demand.location === offer.location) &&
    demand.cpu <= offer.cpu &&
    demand.memory <= offer.memory
  )
}
