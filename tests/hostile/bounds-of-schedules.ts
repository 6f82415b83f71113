import assert from 'node:assert/strict'
import { firstRun, nextRun } from '@colonies/core'
import { sql } from '@colonies/database'
import { limits } from '@colonies/protocol'
import { type Bench, type Bounds, many } from './bench.js'

const workflowspec = JSON.stringify({ functionspecs: [{ nodename: 'a' }] })

async function addGenerator({ colonyname, allowed }: Bench, trigger: number): Promise<string> {
  const generator = { colonyname, name: `for ${trigger}`, trigger, workflowspec }
  return ((await allowed('user', 'addgeneratormsg', { generator })) as { generatorid: string }).generatorid
}

/** As if so much waited; the rows of the arguments do not matter to who packs. */
function fill({ db }: Bench, generatorid: string, { args, bytes }: { args: number; bytes: number }): Promise<number> {
  return db.run(
    sql`update generators set packed = ${args}, queued_bytes = ${bytes} where generator_id = ${generatorid}`,
  )
}

/** Of so many arguments of one graph, each may have just `bytes`. */
async function assertArgBytesMax(bench: Bench, trigger: number, bytes: number): Promise<void> {
  const { allowed, refused } = bench
  const generatorid = await addGenerator(bench, trigger)
  await allowed('user', 'packgeneratormsg', { generatorid, arg: 'x'.repeat(bytes) })
  const tooLarge = { generatorid, arg: 'x'.repeat(bytes + 1) }
  assert.match(await refused('user', 'packgeneratormsg', tooLarge), new RegExp(`^400 .* at most ${bytes} bytes`))
}

/** Bounds of what is started by time and by arguments. */
export const scheduleBounds = {
  async cronExpressionLengthMax({ colonyname, allowed, refused }) {
    const cron = (length: number) => ({
      cron: { colonyname, name: `${length}`, interval: -1, cronexpression: '0 0 3 * * *'.padEnd(length), workflowspec },
    })
    await allowed('user', 'addcronmsg', cron(1000))
    assert.equal(
      await refused('user', 'addcronmsg', cron(1001)),
      '400 the cron expression has more than 1000 characters',
    )
  },

  async cronLateSeconds() {
    const everySecond = { expression: '* * * * * *', timeZone: 'UTC', interval: -1, random: false, catchup: false }
    const nowMs = 1_000_000
    assert.equal(nextRun(everySecond, { plannedMs: nowMs - 6_000, nowMs }), nowMs - 5_000)
    assert.equal(nextRun(everySecond, { plannedMs: nowMs - 7_000, nowMs }), firstRun(everySecond, nowMs))
  },

  async cronCatchupSeconds() {
    const everySecond = { expression: '* * * * * *', timeZone: 'UTC', interval: -1, random: false, catchup: true }
    const [nowMs, dayMs] = [1_000_000_000, limits.cronCatchupSeconds * 1000]
    assert.equal(nextRun(everySecond, { plannedMs: nowMs - dayMs - 1000, nowMs }), nowMs - dayMs)
    assert.equal(nextRun(everySecond, { plannedMs: 0, nowMs }), nowMs - dayMs + 1000)
  },

  async cronInputBytesMax({ db, colonyname, allowed, refused }) {
    const cron = { colonyname, name: 'large', interval: 1000, workflowspec }
    const { cronid } = (await allowed('user', 'addcronmsg', { cron })) as { cronid: string }
    const putOut = (bytes: number) =>
      db.run(sql`
        update live l set output = '["' || repeat('x', ${bytes - 4}) || '"]'
        from crons c join graph_nodes n on n.colony = c.colony and n.graph_id = c.previous_graph_id
        where c.cron_id = ${cronid} and l.colony = n.colony and l.process_id = n.process_id`)
    await allowed('user', 'runcronmsg', { cronid })
    await putOut(limits.cronInputBytesMax)
    await allowed('user', 'runcronmsg', { cronid })
    await putOut(limits.cronInputBytesMax + 1)
    assert.match(await refused('user', 'runcronmsg', { cronid }), /^400 .* more than the 16777216 bytes/)
  },

  async generatorTriggerMax(bench) {
    await addGenerator(bench, 10_000)
    const generator = { colonyname: bench.colonyname, name: 'more', trigger: 10_001, workflowspec }
    assert.match(await bench.refused('user', 'addgeneratormsg', { generator }), /^400 generator\.trigger .* not 10001$/)
  },

  async generatorArgBytesMax(bench) {
    await assertArgBytesMax(bench, 1, limits.generatorArgBytesMax)
  },

  async generatorInputBytesMax(bench) {
    await assertArgBytesMax(bench, 100, Math.floor(limits.generatorInputBytesMax / 100))
  },

  async generatorQueueMax(bench) {
    const generatorid = await addGenerator(bench, 3)
    await fill(bench, generatorid, { args: limits.generatorQueueMax - 1, bytes: 0 })
    await bench.allowed('user', 'packgeneratormsg', { generatorid, arg: 'x' })
    assert.match(await bench.refused('user', 'packgeneratormsg', { generatorid, arg: 'x' }), /^429 The queue .* full/)
  },

  async generatorQueueBytesMax(bench) {
    const generatorid = await addGenerator(bench, 3)
    await fill(bench, generatorid, { args: 1, bytes: limits.generatorQueueBytesMax - 3 })
    await bench.allowed('user', 'packgeneratormanymsg', { generatorid, args: many(3, () => 'x') })
    assert.match(await bench.refused('user', 'packgeneratormsg', { generatorid, arg: 'x' }), /^429 The queue .* full/)
  },

  async workflowListBytesMax({ colonyname, allowed }) {
    const large = JSON.stringify({ functionspecs: [{ nodename: 'a', env: { large: 'x'.repeat(6 * 1024 * 1024) } }] })
    for (const name of ['a', 'b', 'c', 'd'])
      await allowed('user', 'addcronmsg', { cron: { colonyname, name, interval: 1000, workflowspec: large } })
    const page = async (after: string) =>
      (await allowed('user', 'getcronsmsg', { colonyname, count: 10, after })) as { cronid: string; name: string }[]
    const first = await page('')
    const second = await page(first.at(-1)?.cronid ?? '')
    assert.deepEqual(
      [first, second].map((crons) => crons.map(({ name }) => name).join('')),
      ['abc', 'd'],
    )
  },
} satisfies Partial<Bounds>
