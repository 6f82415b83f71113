import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { numberOption } from '../chaos/number-option.js'
import { Crew, type Summary } from './crew.js'
import { faults } from './faults.js'
import { faultsShown, reportOf, totalsOf } from './report.js'
import { simulate } from './simulate.js'

// Lets histories happen and judges them: `npm run simulate -- --seeds 1000`, `-- --seed 7` for one with all that happens in it.
// A long run says now and then how far it is; `--from` goes on from there.

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    fault: { type: 'string' },
    workers: { type: 'string' },
  },
})
const fault = values.fault === undefined ? undefined : faults.find(({ name }) => name === values.fault)
if (values.fault !== undefined && !fault)
  throw new Error(`--fault is one of ${faults.map(({ name }) => name).join(', ')}`)

const seed = numberOption('seed', values.seed, { least: 0 })
const isGood = seed === undefined ? await judgeMany() : await replay(seed)
process.exitCode = isGood ? 0 : 1

async function replay(seed: number): Promise<boolean> {
  const verdict = await simulate(seed, { trace: true, fault })
  console.log(verdict.lines.join('\n'))
  for (const one of verdict.faults.slice(0, faultsShown)) console.log(`broken: ${one}`)
  console.log(`${verdict.events} events, ${verdict.processes} processes, over after ${verdict.endedMs / 1000} s`)
  return verdict.faults.length === 0
}

async function judgeMany(): Promise<boolean> {
  const [from, count] = [
    numberOption('from', values.from, { least: 0 }),
    numberOption('seeds', values.seeds, { least: 1 }),
  ]
  const workers = numberOption('workers', values.workers, { least: 1 }) ?? Math.min(4, availableParallelism())
  const crew = new Crew(workers)
  const summary = await crew.simulate({ from, count, fault: fault?.name, onProgress: progress() })
  crew.dismiss()
  console.log(totalsOf(summary))
  return summary.broken.length === 0
}

/** Tells each broken history at once, and after each thousand how far it is. */
function progress(): (summary: Summary, doneTo: number) => void {
  let [told, shown] = [0, 0]
  return (summary, doneTo) => {
    for (const verdict of summary.broken.slice(shown)) console.log(reportOf(verdict, fault?.name))
    shown = summary.broken.length
    if (summary.histories < told + 1000) return
    told = summary.histories
    console.log(`${totalsOf(summary)}; done up to seed ${doneTo}`)
  }
}
