import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report, Scenario, ScenarioOptions } from './scenario.js'
import { openStage, type StageOptions } from './stage/stage.js'

const FAULTS_SHOWN = 20

/** The command that runs a scenario again as it was. */
export function commandOf({ name }: Scenario, { seed, scale, minutes }: ScenarioOptions): string {
  const full = scale === 'full' ? ' --full' : ''
  return `npm run chaos -- ${name} --seed ${seed}${full}${minutes === undefined ? '' : ` --minutes ${minutes}`}`
}

export async function runScenario(scenario: Scenario, options: ScenarioOptions, on: StageOptions): Promise<Report> {
  on.say(commandOf(scenario, options))
  const { stage, close } = openStage(on)
  const closed = () => close().then(nothing, (error: Error) => [error.message])
  let report: Report
  try {
    report = await scenario.run(stage, options)
  } catch (error) {
    for (const wrong of await closed()) on.say(`and at its end: ${wrong}`)
    throw error
  }
  return { ...report, missed: [...report.missed, ...(await closed())] }
}

const nothing = (): string[] => []

/** @returns sentences about all that is wrong, at the end of which the evidence lies in a file; none when all is well */
export function complaintsOf(report: Report, scenario: Scenario, options: ScenarioOptions): string[] {
  const { faults, missed } = report
  if (faults.length + missed.length === 0) return []
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ invariant, says }) => `invariant ${invariant}: ${says}`)
  const rest = faults.length > FAULTS_SHOWN ? [`and ${faults.length - FAULTS_SHOWN} more faults`] : []
  const file = join(tmpdir(), `chaos-${scenario.name}-${options.seed}.json`)
  writeFileSync(file, JSON.stringify(report, null, 1))
  return [...shown, ...rest, ...missed, `evidence: ${file}`, `again: ${commandOf(scenario, options)}`]
}
