import { sameOf } from '../caller.js'
import { median, medianRatio, rateFor } from '../measure/statistics.js'
import type { BenchColony, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony } from '../stage/colony.js'
import { type Filling, fillQueue } from '../stage/fill.js'
import { colonyWithFinished } from '../stage/finished.js'

const EXECUTORS = 16
const SHALLOW = 40_000
const million = (size: Size) => (size === 'short' ? 100_000 : 1_000_000)

/** Assigns a second, without closes: the queue gets shorter by what is taken, and by nothing else. */
async function assignRate(colony: BenchColony, seconds: number): Promise<number> {
  const input = { colonyname: colony.name, timeout: 10, availablecpu: '4000m' }
  return (await rateFor(seconds, EXECUTORS, sameOf(colony.executors, 'assignprocessmsg', input))).value
}

const TURNS = 16

/** The rate in a deep colony over that in one with a short queue, by many short turns; each begins as often as the other. */
async function overShallow(target: OurTarget, size: Size, deep: BenchColony) {
  const shallow = await makeColony(target, { executors: EXECUTORS })
  await fillQueue(target.db, shallow, { rows: SHALLOW })
  const seconds = size === 'short' ? 0.25 : 0.5
  const sides = [shallow, deep].map((colony) => ({ colony, rates: [] as number[] }))
  for (const { colony } of sides) await assignRate(colony, 0.5)
  for (let turn = 0; turn < TURNS; turn++)
    for (const { colony, rates } of turn % 2 === 0 ? sides : sides.toReversed())
      rates.push(await assignRate(colony, seconds))
  for (const { colony } of sides) colony.close()
  const [few, many] = sides.map(({ rates }) => rates) as [number[], number[]]
  return { value: medianRatio(many, few), note: `${Math.round(median(many))}/s of ${Math.round(median(few))}/s` }
}

function depth(id: string, says: string, must: number, fill: (size: Size) => readonly Filling[]): OwnRow {
  return {
    id,
    says,
    unit: 'x',
    better: 'more',
    must,
    reach: 0.95,
    kind: 'own',
    runs: 1, // by turns in itself, and filling takes a minute
    async run(target, size) {
      const deep = await makeColony(target, { executors: EXECUTORS })
      for (const filling of fill(size)) await fillQueue(target.db, deep, filling)
      return overShallow(target, size, deep)
    },
  }
}

export const depthRows: readonly OwnRow[] = [
  depth('assign-1m-waiting', 'assign rate with 1 M waiting (filled), over that with 40 000', 0.85, (size) => [
    { rows: million(size) },
  ]),
  depth('assign-1m-absent', 'the same, 1 M of them for a name that is absent', 0.85, (size) => [
    { rows: SHALLOW },
    { rows: million(size), names: ['nobody'] },
  ]),
  depth('assign-1m-large', 'the same, 1 M of them demand too much', 0.85, (size) => [
    { rows: SHALLOW },
    { rows: million(size), cpu: 1_000_000 },
  ]),
  {
    id: 'assign-10m-finished',
    says: 'assign rate with 10 M finished (filled), over that with none',
    unit: 'x',
    better: 'more',
    must: 0.9,
    reach: 0.95,
    kind: 'own',
    runs: 1,
    async run(target, size) {
      const deep = await colonyWithFinished(target, size)
      await fillQueue(target.db, deep, { rows: SHALLOW })
      return overShallow(target, size, deep)
    },
  },
]
