import { parseArgs } from 'node:util'
import { numberOption } from './number-option.js'
import { commandOf, complaintsOf, runScenario } from './run-scenario.js'
import { scenarios } from './scenarios/index.js'

// npm run chaos -- NAME [--seed N] [--full] [--minutes M] [--history FILE]
//
// Runs one scenario; prints its seed, the command that runs it again, and a row for the table of docs/reliability.md. FILE takes
// what clients saw and what was broken, one line of JSON each, while it goes on.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    full: { type: 'boolean', default: false },
    history: { type: 'string' },
  },
})
const scenario = scenarios.find(({ name }) => name === positionals[0])
if (scenario) await main(scenario)
else {
  console.error(`Name a scenario:\n${scenarios.map(({ name, says }) => `  ${name.padEnd(18)} ${says}`).join('\n')}`)
  process.exitCode = 1
}

async function main(chosen: (typeof scenarios)[number]) {
  const options = {
    seed: numberOption('seed', values.seed, { least: 0 }) ?? Date.now() % 1_000_000,
    scale: values.full ? ('full' as const) : ('ci' as const),
    minutes: numberOption('minutes', values.minutes, { least: 0.01, parts: true }),
  }
  const begun = Date.now()
  const report = await runScenario(chosen, options, { say: (line) => console.log(line), historyFile: values.history })
  const numbers = Object.entries(report.numbers).map(([name, value]) => `${name} ${value}`)
  const complaints = complaintsOf(report, chosen, options)
  const holds = complaints.length === 0 ? 'holds' : `${report.faults.length} faults, ${report.missed.length} missed`
  console.log(`| ${chosen.name} | ${numbers.join(', ')} | ${holds} | \`${commandOf(chosen, options)}\` |`)
  console.log(`${Math.round((Date.now() - begun) / 1000)} s`)
  for (const line of complaints) console.log(line)
  process.exitCode = complaints.length === 0 ? 0 : 1
}
