import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { faults } from './faults.js'
import { type Summary, simulateMany } from './many.js'
import { simulate } from './simulate.js'

// Lets histories happen and judges them: `npm run simulate -- --seeds 1000`, `-- --seed 7` for one with all that happens in it.

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

if (values.seed !== undefined) await replay(Number(values.seed))
else await judgeMany()

async function replay(seed: number): Promise<void> {
  const verdict = await simulate(seed, { trace: true, fault })
  console.log(verdict.lines.join('\n'))
  show({ histories: 1, events: verdict.events, processes: verdict.processes, seconds: 0, broken: [verdict] })
}

async function judgeMany(): Promise<void> {
  const workers = Number(values.workers ?? Math.min(4, availableParallelism()))
  show(await simulateMany({ from: Number(values.from), count: Number(values.seeds), workers, fault: fault?.name }))
}

function show({ histories, events, processes, seconds, broken }: Summary): void {
  const bad = broken.filter((verdict) => verdict.faults.length > 0)
  for (const { seed, faults } of bad) {
    console.log(`\nseed ${seed}`)
    for (const one of faults.slice(0, 10)) console.log(`  ${one}`)
    console.log(
      `  again, with all that happened: npm run simulate -- --seed ${seed}${fault ? ` --fault ${fault.name}` : ''}`,
    )
  }
  const pace = seconds > 0 ? `, ${seconds.toFixed(1)} s, ${Math.round((histories / seconds) * 60)} a minute` : ''
  console.log(`${histories} histories, ${processes} processes, ${events} events${pace}: ${bad.length} broken`)
  process.exitCode = bad.length > 0 ? 1 : 0
}
