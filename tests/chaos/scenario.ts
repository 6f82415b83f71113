import type { TestDatabase, TestScope } from '@colonies/testkit'
import type { History } from './history.js'
import type { Fault } from './judge/fault.js'

/** `ci`: seconds, a part of `npm test`; `full`: the numbers of docs/reliability.md. */
export type Scale = 'ci' | 'full'

export interface ScenarioOptions {
  readonly seed: number
  readonly scale: Scale
  /** After these it ends, with what it has; undefined: as the scale says. */
  readonly minutes: number | undefined
}

/** What a scenario runs on. All that it started is ended when it is over, the latest first. */
export interface Stage {
  /** For what takes a test context. */
  readonly scope: TestScope
  database(): Promise<TestDatabase>
  /** What clients see; saved as it grows where the run was asked to. */
  history(): History
  atEnd(cleanUp: () => Promise<unknown>): void
  /** Tells whoever waits how far it is. */
  say(line: string): void
}

export interface Report {
  /** Invariants that did not hold. */
  readonly faults: readonly Fault[]
  /** Promised numbers that were not reached, as sentences, and replicas that ended by themselves. */
  readonly missed: readonly string[]
  /** For the table of docs/reliability.md, in its order. */
  readonly numbers: Readonly<Record<string, string | number>>
}

export interface Scenario {
  readonly name: string
  /** What is done, in one line. */
  readonly says: string
  run(stage: Stage, options: ScenarioOptions): Promise<Report>
}
