import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { connect, type Database, type DatabaseConfig, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { freePort } from '../chaos/stage/free-port.js'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'
import { BackupCluster } from './backup-cluster.js'
import { programInstead } from './program-instead.js'

const colonyname = 'kept'
const serverKey = generatePrivateKey()
const colonyKey = generatePrivateKey()
const userKey = generatePrivateKey()
const adaKey = generatePrivateKey()

/** Members of the colony, who live on whatever becomes of the server. */
interface People {
  user: Client
  ada: Client
}

test('a colony that is restored to a moment goes on with the executors that lived on', async (t) => {
  const cluster = await BackupCluster.make()
  t.after(() => cluster.remove())
  const { people, db } = await serve(t, await cluster.startFirst())
  const base = await cluster.base()
  const running = await people.user.submit({ spec: spec('running') })
  const inHand = await people.ada.waitForProcess({ colonyname, timeout: 5 })
  assert.equal(inHand?.processid, running.processid)
  const waiting = await people.user.submit({ spec: spec('waiting') })
  await db.run(sql`select pg_create_restore_point('moment')`)

  // All this will never have happened.
  const lost = await people.user.submit({ spec: { ...spec('lost'), priority: 10 } })
  const ofLost = await people.ada.waitForProcess({ colonyname, timeout: 5 })
  assert.equal(ofLost?.processid, lost.processid)
  const early = await people.ada.waitForProcess({ colonyname, timeout: 5 })
  assert.equal(early?.processid, waiting.processid)
  await archive(db)

  await t.test('as it was: what ran goes on, what is not known is refused', async (t) => {
    const { db: restored, people: now } = await serveRestored(t, cluster, base, { name: 'plain' })
    assert.deepEqual(await labels(restored), ['running', 'waiting'])
    await assert.rejects(now.ada.closeSuccessful({ processid: lost.processid, attempt: 1 }), { status: 404 })
    await assert.rejects(now.ada.closeSuccessful({ processid: waiting.processid, attempt: 1 }), { code: 'not_running' })
    await now.ada.closeSuccessful({ processid: running.processid, attempt: 1, out: ['done'] })
    const next = await now.ada.waitForProcess({ colonyname, timeout: 5 })
    assert.equal(next?.processid, waiting.processid)
    await now.ada.closeSuccessful({ processid: waiting.processid, attempt: next?.attempt ?? 0 })
    assert.deepEqual(await statesOf(now), { waiting: 0, running: 0, success: 2 })
  })

  await t.test('fenced: nothing counts that was handed out before, and all is handed out again', async (t) => {
    const { people: now } = await serveRestored(t, cluster, base, {
      name: 'fenced',
      before: () => cluster.fence('fenced'),
    })
    await assert.rejects(now.ada.closeSuccessful({ processid: running.processid, attempt: 1 }), { code: 'lease_lost' })
    const again = [
      await now.ada.waitForProcess({ colonyname, timeout: 60 }),
      await now.ada.waitForProcess({ colonyname, timeout: 60 }),
    ]
    assert.deepEqual(again.map((process) => process?.processid).sort(), [running.processid, waiting.processid].sort())
    for (const process of again) {
      const { processid = '', attempt = 0 } = process ?? {}
      assert.ok(attempt > 1000)
      await assert.rejects(now.ada.closeSuccessful({ processid, attempt: 1 }), { code: 'lease_lost' })
      await now.ada.closeSuccessful({ processid, attempt })
    }
    assert.deepEqual(await statesOf(now), { waiting: 0, running: 0, success: 2 })
  })

  await t.test('a server that was restored is backed up and restored in its turn, to its end', async (t) => {
    const plain = connect(await cluster.archiveAnew('plain', 'wal-plain'))
    t.after(() => plain.close())
    const second = await cluster.base('plain')
    await plain.run(sql`create table made_after_the_backup ()`)
    await archive(plain)
    const { db: again } = await serveRestored(t, cluster, second, {
      name: 'again',
      wal: 'wal-plain',
      target: 'latest',
    })
    assert.deepEqual(await labels(again), ['running', 'waiting'])
    await again.run(sql`select from made_after_the_backup`)
  })

  await t.test('an archive that is not there, or is not that of the backup, is never taken for its end', async () => {
    const target = 'latest'
    await assert.rejects(cluster.makeData(base, 'none', { wal: 'wall', target }), /no folder wall with the archive/)
    await assert.rejects(cluster.makeData(base, 'none', { wal: 'bases', target }), /has no segment 0{7}1/)
    await assert.rejects(cluster.makeData(base, 'none', { wal: 'wal-plain', target }), /has no segment 0{7}1/)
    await cluster.makeData(base, 'later', { wal: 'wal', target })
    await cluster.move('wal', 'wal-away')
    await assert.rejects(cluster.startRestored('later'), /could not start server/)
    await cluster.move('wal-away', 'wal')
    const { db: later } = await cluster.startRestored('later')
    assert.deepEqual(await labels(later), ['lost', 'running', 'waiting'])
    await later.close()
  })

  await t.test(
    'a fence waits for a server that reads its archive, for so long, and not for one that is away',
    async (t) => {
      await assert.rejects(cluster.fence('plain', { PGPORT: String(await freePort()) }), /does not answer/)
      const standby = await programInstead(t, 'psql', 'echo t')
      await assert.rejects(cluster.fence('plain', { PATH: standby }), /still reads its archive; its log/)
    },
  )
})

const spec = (label: string) => ({
  funcname: 'f',
  label,
  maxexectime: 600,
  maxretries: 3,
  conditions: { colonyname, executortype: 'cli' },
})

/** A server with the colony and its members. */
async function serve(t: TestContext, config: DatabaseConfig): Promise<{ people: People; db: Database }> {
  const db = connect(config)
  t.after(() => db.close())
  const url = await startServer(t, config)
  const owner = clientOf(url, serverKey)
  await owner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  const ofColony = owner.as(colonyKey)
  await ofColony.addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  const executor = { colonyname, executorname: 'ada', executorid: identityOf(adaKey), executortype: 'cli' }
  await ofColony.addExecutor({ executor })
  await ofColony.approveExecutor({ colonyname, executorname: 'ada' })
  return { people: peopleAt(url), db }
}

interface Restoration {
  name: string
  /** A moment before all that is lost when left out. */
  target?: string
  /** That of the first server when left out. */
  wal?: string
  /** What is done before a replica starts. */
  before?: () => Promise<unknown>
}

async function serveRestored(t: TestContext, cluster: BackupCluster, base: string, how: Restoration) {
  const { name, target = 'name:moment', wal = 'wal', before } = how
  const { db, config } = await cluster.restore(base, name, { wal, target })
  t.after(() => db.close())
  await before?.()
  return { people: peopleAt(await startServer(t, config)), db }
}

async function startServer(t: TestContext, config: DatabaseConfig): Promise<string> {
  const replica = await ReplicaProcess.on(config, serverKey)
  t.after(() => replica.stop())
  await replica.start()
  return replica.url
}

const clientOf = (url: string, privateKey: string) =>
  createClient({ endpoint: url, privateKey, retry: { forMs: 5_000 } })

const peopleAt = (url: string): People => ({ user: clientOf(url, userKey), ada: clientOf(url, adaKey) })

/** Ends the segment that is being written, and waits until the archive has it. */
async function archive(db: Database): Promise<void> {
  const open = await db.one<{ segment: string }>(sql`select pg_walfile_name(pg_current_wal_lsn()) as segment`)
  await db.run(sql`select pg_switch_wal()`)
  for (const end = Date.now() + 20_000; ; ) {
    const row = await db.one<{ last: string | null }>(sql`select last_archived_wal as last from pg_stat_archiver`)
    if (open && (row?.last ?? '') >= open.segment) return
    assert.ok(Date.now() < end, 'the archive did not get the last segment')
    // sleeps: PostgreSQL tells nobody when it has archived
    await new Promise((next) => setTimeout(next, 100))
  }
}

async function labels(db: Database): Promise<string[]> {
  const rows = await db.all<{ label: string }>(sql`select label from process_specs where colony <> 0 order by label`)
  return rows.map(({ label }) => label)
}

async function statesOf({ user }: People) {
  const { waitingprocesses, runningprocesses, successfulprocesses } = await user.getColonyStatistics({ colonyname })
  return { waiting: waitingprocesses, running: runningprocesses, success: successfulprocesses }
}
