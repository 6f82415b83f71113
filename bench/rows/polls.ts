import { ownBytesOf } from '../measure/cpu.js'
import { metricsOf } from '../measure/metrics.js'
import { median, percentile } from '../measure/statistics.js'
import type { Figure, OurTarget, OwnRow } from '../row.js'
import { specFor } from '../stage/colony.js'
import { type Hanging, hang, polls } from '../stage/hanging.js'

/** Submits one process after the other; each wakes one poll, which is not asked again. */
async function wakes({ user, colonyname, first }: Hanging, count: number): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < count; turn++) {
    const begin = performance.now()
    const came = first()
    await user.call('submitfuncspecmsg', { spec: specFor(colonyname) })
    await came
    times.push(performance.now() - begin)
  }
  return times
}

type PollRow = Pick<OwnRow, 'id' | 'says' | 'unit' | 'must' | 'reach'> & {
  measure(target: OurTarget, count: number): Promise<Figure>
}

function row({ measure, ...of }: PollRow): OwnRow {
  return { ...of, better: 'less', kind: 'own', runs: 1, run: (target, size) => measure(target, polls(size)) }
}

export const pollRows: readonly OwnRow[] = [
  row({
    id: 'poll-memory',
    says: 'memory of the replica for each of 10 000 hanging assigns',
    unit: 'bytes',
    must: 12 * 1024,
    reach: 8 * 1024,
    async measure(target, count) {
      const replica = await target.anotherReplica() // whose memory nothing else has grown
      const fresh = { ...target, url: replica.url }
      const warm = await hang(fresh, 100)
      await warm.hangUp()
      const before = await ownBytesOf(replica.pid)
      const hanging = await hang(fresh, count)
      const bytes = ((await ownBytesOf(replica.pid)) - before) / count
      await hanging.hangUp()
      await replica.stop()
      return { value: bytes, note: `all accepted after ${(hanging.acceptMs / 1_000).toFixed(1)} s` }
    },
  }),
  row({
    id: 'poll-accept',
    says: 'until 10 000 assigns hang, from the first connection',
    unit: 's',
    must: 4,
    async measure(target, count) {
      const hanging = await hang(target, count)
      await hanging.hangUp()
      return { value: hanging.acceptMs / 1_000 }
    },
  }),
  row({
    id: 'poll-latency',
    says: 'submit to assigned among 10 000 hanging assigns, over that with 400, p50',
    unit: 'x',
    must: 1.25,
    async measure(target, count) {
      const few = await hang(target, 400)
      const alone = await wakes(few, 300)
      await few.hangUp()
      const hanging = await hang(target, count)
      const among = await wakes(hanging, 300)
      await hanging.hangUp()
      const note = `${median(among).toFixed(1)} (p99 ${percentile(among, 0.99).toFixed(1)}) of ${median(alone).toFixed(1)} ms`
      return { value: median(among) / median(alone), note }
    },
  }),
  row({
    id: 'herd',
    says: 'thundering herd: statements that claim, per submit, with 1 000 waiting executors; one is woken',
    unit: 'statements',
    must: 2,
    async measure(target) {
      const hanging = await hang(target, 1_000)
      const before = await metricsOf(target.url)
      const turns = 100
      await wakes(hanging, turns)
      const after = await metricsOf(target.url)
      await hanging.hangUp()
      const woken = before.waiters - after.waiters
      if (woken !== turns) throw new Error(`${woken} polls ended after ${turns} submits`)
      return { value: (after.claims - before.claims) / turns }
    },
  }),
]
