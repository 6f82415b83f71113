import { sameOf } from '../caller.js'
import { median, medianRatio, rateFor } from '../measure/statistics.js'
import type { BenchColony, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony } from '../stage/colony.js'
import { type Filling, fillQueue } from '../stage/fill.js'
import { colonyWithFinished, colonyWithWaiting, EXECUTORS, million } from '../stage/millions.js'

/** More than is taken in all turns of one side: 8.5 s, and up to 5 540/s were seen. */
const SHALLOW = 60_000

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

type DepthRow = Pick<OwnRow, 'id' | 'says' | 'must'> & {
  /** The colony that is deep. */
  deep(target: OurTarget, size: Size): Promise<BenchColony>
}

function row({ deep, ...of }: DepthRow): OwnRow {
  return {
    ...of,
    unit: 'x',
    better: 'more',
    reach: 0.95,
    kind: 'own',
    runs: 1, // by turns in itself, and filling takes a minute
    run: async (target, size) => overShallow(target, size, await deep(target, size)),
  }
}

/** A colony with few processes for its executors, and what they can't take. */
async function colonyWith(target: OurTarget, others: Filling): Promise<BenchColony> {
  const colony = await makeColony(target, { executors: EXECUTORS })
  for (const filling of [{ rows: SHALLOW }, others]) await fillQueue(target.db, colony, filling)
  return colony
}

export const depthRows: readonly OwnRow[] = [
  row({
    id: 'assign-1m-waiting',
    says: 'assign rate with 1 M waiting (filled), over that with 60 000',
    must: 0.85,
    deep: colonyWithWaiting,
  }),
  row({
    id: 'assign-1m-absent',
    says: 'the same, 1 M of them for a name that is absent',
    must: 0.85,
    deep: (target, size) => colonyWith(target, { rows: million(size), names: ['nobody'] }),
  }),
  row({
    id: 'assign-1m-large',
    says: 'the same, 1 M of them demand too much',
    must: 0.85,
    deep: (target, size) => colonyWith(target, { rows: million(size), cpu: 1_000_000 }),
  }),
  row({
    id: 'assign-10m-finished',
    says: 'assign rate with 10 M finished (filled), over that with none',
    must: 0.9,
    async deep(target, size) {
      const colony = await colonyWithFinished(target, size)
      await fillQueue(target.db, colony, { rows: SHALLOW })
      return colony
    },
  }),
]
