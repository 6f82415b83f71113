import { ownBytesOf } from '../measure/cpu.js'
import { metricsOf } from '../measure/metrics.js'
import { median, percentile } from '../measure/statistics.js'
import type { Figure, OurTarget, OwnRow } from '../row.js'
import { specFor } from '../stage/colony.js'
import { type Hanging, polls, whileHanging } from '../stage/hanging.js'

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
      try {
        await whileHanging(fresh, 100, async () => {}) // until it is warm
        const before = await ownBytesOf(replica.pid)
        return await whileHanging(fresh, count, async ({ acceptMs }) => ({
          value: ((await ownBytesOf(replica.pid)) - before) / count,
          note: `all accepted after ${(acceptMs / 1_000).toFixed(1)} s`,
        }))
      } finally {
        await replica.stop()
      }
    },
  }),
  row({
    id: 'poll-accept',
    says: 'until 10 000 assigns hang, from the first connection',
    unit: 's',
    must: 4,
    measure: (target, count) =>
      whileHanging(target, count, async ({ acceptMs, again }) => ({
        value: acceptMs / 1_000,
        note: again > 0 ? `${again} came again` : '',
      })),
  }),
  row({
    id: 'poll-latency',
    says: 'submit to assigned among 10 000 hanging assigns, over that with 400, p50',
    unit: 'x',
    must: 1.25,
    async measure(target, count) {
      const alone = await whileHanging(target, 400, (few) => wakes(few, 300))
      const among = await whileHanging(target, count, (many) => wakes(many, 300))
      const note = `${median(among).toFixed(1)} (p99 ${percentile(among, 0.99).toFixed(1)}) of ${median(alone).toFixed(1)} ms`
      return { value: median(among) / median(alone), note }
    },
  }),
  row({
    id: 'herd',
    says: 'thundering herd: statements that claim, per submit, with 1 000 waiting executors; one is woken',
    unit: 'statements',
    must: 2,
    measure: (target) =>
      whileHanging(target, 1_000, async (hanging) => {
        const before = await metricsOf(target.url)
        const turns = 100
        await wakes(hanging, turns)
        const after = await metricsOf(target.url)
        const woken = before.waiters - after.waiters
        if (woken !== turns) throw new Error(`${woken} polls ended after ${turns} submits`)
        return { value: (after.claims - before.claims) / turns }
      }),
  }),
]
