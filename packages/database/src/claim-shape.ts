/** What all claimants of one claim have in common. */
export interface ClaimShape {
  executorType: string
  /** Lower case; '' for an executor without a location. */
  location: string
  /** Free millicores and bytes. */
  cpu: bigint
  memory: bigint
  /** An earlier claim said `varied`: looks at the first processes before all demands. The result is the same. */
  isVaried?: boolean
  /** An earlier claim said so: looks for these at once. The result is the same. */
  isNamed?: boolean
  inGraphs?: boolean
  /** Only processes of this priority time and later ones: where an old snapshot keeps rows that are gone, those before it are many. */
  from?: bigint | undefined
}
