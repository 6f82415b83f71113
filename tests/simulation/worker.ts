import type { Task } from './crew.js'
import { faults } from './faults.js'
import { simulate, type Verdict } from './simulate.js'

// Simulates the seeds that it is told, and answers with verdicts.

process.once('disconnect', () => process.exit())
process.on('message', (task: Task) => void perform(task))

async function perform({ seeds, fault: name }: Task): Promise<void> {
  const fault = faults.find((one) => one.name === name)
  const verdicts: Verdict[] = []
  for (const seed of seeds) verdicts.push(await simulate(seed, { fault }))
  process.send?.(verdicts)
}
