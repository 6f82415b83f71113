import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { commandOf, complaintsOf, runScenario } from './run-scenario.js'
import type { Scenario } from './scenario.js'

/** Runs a scenario for seconds, as a test does. `COLONIES_CHAOS_SEED` repeats one that failed. */
export async function shortRun(t: TestContext, scenario: Scenario): Promise<void> {
  const seed = Number(process.env.COLONIES_CHAOS_SEED ?? Date.now() % 1_000_000)
  const options = { seed, scale: 'ci', minutes: undefined } as const
  const report = await runScenario(scenario, options, { say: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify(report.numbers))
  const complaints = complaintsOf(report, scenario, options)
  assert.equal(complaints.length, 0, `${commandOf(scenario, options)}\n${complaints.join('\n')}`)
}
