import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from './connect.js'
import { startEmbeddedPostgres } from './embedded.js'
import { ensureDatabase } from './ensure-database.js'
import { isConnectionFailure } from './errors.js'
import { sql } from './sql.js'

test('a commit whose wait for a standby is cancelled is not acknowledged: a failover could undo it', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-unreplicated-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const { config, stop } = await startEmbeddedPostgres({
    dataDir,
    log: () => {},
    // A standby that never comes; only who asks for it waits.
    settings: {
      synchronous_standby_names: 'nobody',
      synchronous_commit: 'local',
      wal_level: 'replica',
      max_wal_senders: '2',
    },
  })
  t.after(stop)
  await ensureDatabase(config)
  const db = connect({ ...config, maxConnections: 2 })
  await db.run(sql`create table items (id int)`)
  let pid = 0
  const committing = db.transaction(async (tx) => {
    await tx.run(sql`set local synchronous_commit = on`)
    await tx.run(sql`insert into items values (1)`)
    pid = (await tx.one<{ pid: number }>(sql`select pg_backend_pid() as pid`))?.pid ?? 0
  })
  const refused = assert.rejects(committing, isConnectionFailure)
  for (let cancelled = false; !cancelled; ) {
    const row = await db.one<{ cancelled: boolean }>(sql`
      select pg_cancel_backend(pid) as cancelled from pg_stat_activity where pid = ${pid} and wait_event = 'SyncRep'`)
    cancelled = row?.cancelled ?? false
  }
  await refused
  assert.deepEqual(await db.all(sql`select id from items`), [{ id: 1 }], 'it is there, as after a lost answer')
  await db.close()
})
