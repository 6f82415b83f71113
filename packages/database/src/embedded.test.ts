import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { connect, type Database, type DatabaseConfig } from './connect.js'
import { clusterDirOf } from './embedded/cluster.js'
import { endLeftovers } from './embedded/server-processes.js'
import { type EmbeddedPostgres, embeddedOwner, startEmbeddedPostgres } from './embedded.js'
import { ensureDatabase } from './ensure-database.js'
import { isConnectionFailure } from './errors.js'
import { sql } from './sql.js'

const noProc = process.platform !== 'linux' && 'looks into /proc'
/** These start many servers; a kill of a process loses nothing that only a kill of the machine would. */
const settings = { fsync: 'off', shared_buffers: '16MB' }

/** Where one test keeps its data; whatever it started there is gone before the folder is. */
class Place {
  readonly dataDir: string
  /** What PostgreSQL wrote, line by line. */
  readonly log: string[] = []
  readonly #cleanUps: (() => unknown)[] = []

  constructor(folder: string) {
    this.dataDir = join(folder, 'data')
  }

  async start(different: Record<string, string> = settings): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({
      dataDir: this.dataDir,
      settings: different,
      log: (line) => this.log.push(line),
    })
    this.#cleanUps.push(() => server.stop())
    return server
  }

  /** Starts a server in another process; that process can be killed. */
  async startElsewhere(): Promise<{ owner: ChildProcess; config: DatabaseConfig }> {
    const code = `
      import { startEmbeddedPostgres } from '${new URL('./embedded.js', import.meta.url)}'
      const options = ${JSON.stringify({ dataDir: this.dataDir, settings })}
      const { config } = await startEmbeddedPostgres({ ...options, log: () => {} })
      console.log(JSON.stringify(config))
      setInterval(() => {}, 60_000)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#cleanUps.push(() => kill(owner))
    for await (const line of createInterface({ input: owner.stdout })) return { owner, config: JSON.parse(line) }
    throw new Error('the other process ended')
  }

  /** Opens the database that every server has. */
  open(config: DatabaseConfig): Database {
    const db = connect({ ...config, database: 'postgres' })
    this.#cleanUps.push(() => db.close())
    return db
  }

  async serverPid(): Promise<number> {
    return Number.parseInt(await readFile(join(clusterDirOf(this.dataDir), 'postmaster.pid'), 'utf8'), 10)
  }

  async cleanUp(): Promise<void> {
    for (const cleanUp of this.#cleanUps.reverse()) await cleanUp()
    await endLeftovers(clusterDirOf(this.dataDir), () => {})
  }
}

/** In a folder that only its owner may enter, as a home directory is. */
async function newPlace(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-embedded-'))
  const place = new Place(folder)
  t.after(async () => {
    await place.cleanUp()
    await rm(folder, { recursive: true })
  })
  return place
}

/** Resolves when it is gone: until then its PostgreSQL has an owner, and is nobody else's to end. */
async function kill(owner: ChildProcess): Promise<void> {
  if (owner.exitCode !== null || owner.signalCode !== null) return
  const gone = once(owner, 'exit')
  owner.kill('SIGKILL')
  await gone
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('data and password are kept between starts', async (t) => {
  const place = await newPlace(t)
  const first = await place.start()
  const db = place.open(first.config)
  await db.run(sql`create table items as select 7 as id`)
  await db.close()
  const pid = await place.serverPid()
  await first.stop()
  assert.equal(isAlive(pid), false)

  const second = await place.start()
  assert.equal(second.config.password, first.config.password)
  assert.deepEqual(await place.open(second.config).one(sql`select id from items`), { id: 7 })
})

test('the server listens on loopback only, asks for the password, and is durable', async (t) => {
  const place = await newPlace(t)
  const server = await place.start({})
  const db = place.open(server.config)
  const names = ['listen_addresses', 'unix_socket_directories', 'fsync', 'synchronous_commit', 'full_page_writes']
  const rows = await db.all<{ name: string; setting: string }>(
    sql`select name, setting from pg_settings where name = any(${names})`,
  )
  assert.deepEqual(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  })
  assert.equal((await stat(join(place.dataDir, 'postgres', 'password'))).mode & 0o777, 0o600)
  assert.ok(server.config.password.length >= 32)
  await assert.rejects(place.open({ ...server.config, password: 'wrong' }).one(sql`select`), { code: '28P01' })
})

test('its first database is made without a line in the log that looks like a fault', async (t) => {
  const place = await newPlace(t)
  const { config, stop } = await place.start()
  const made = { ...config, database: 'colonies' }
  for (const _start of ['first', 'second']) await ensureDatabase(made, { isOurs: true })
  const db = connect(made)
  t.after(() => db.close())
  assert.deepEqual(await db.one(sql`select current_database() as name`), { name: 'colonies' })
  await db.close()
  await stop() // what the server wrote has arrived then
  assert.deepEqual(
    place.log.filter((line) => line.includes('does not exist')),
    [],
  )
})

test('a folder in use is refused, with the process that uses it', async (t) => {
  const place = await newPlace(t)
  assert.equal(await embeddedOwner(place.dataDir), undefined)
  const server = await place.start()
  assert.equal(await embeddedOwner(place.dataDir), process.pid)
  await assert.rejects(
    place.start(),
    new RegExp(`in use by process ${process.pid} .*process ${await place.serverPid()}`),
  )
  assert.ok(await place.open(server.config).one(sql`select`))
})

test('of two that start at once on a new folder, one gets it', async (t) => {
  const place = await newPlace(t)
  const results = await Promise.allSettled([place.startElsewhere(), place.start()])
  const won = results.filter((result) => result.status === 'fulfilled')
  assert.equal(won.length, 1)
})

test('after kill -9 of its owner the server ends by itself', async (t) => {
  const place = await newPlace(t)
  const { owner, config } = await place.startElsewhere()
  const db = place.open(config)
  await db.run(sql`create table items as select 7 as id`)
  await kill(owner)
  // Answers until the end.
  for (const end = Date.now() + 10_000; ; ) {
    const lost = await db.one(sql`select`).then(() => false, isConnectionFailure)
    if (lost) break
    assert.ok(Date.now() < end, 'the server lives on')
  }
})

test('a start right after kill -9 of the owner waits for the old server and loses nothing', async (t) => {
  const place = await newPlace(t)
  let { owner, config } = await place.startElsewhere()
  await place.open(config).run(sql`create table items (id int)`)
  for (const id of [1, 2, 3]) {
    await place.open(config).run(sql`insert into items values (${id})`)
    await kill(owner)
    ;({ owner, config } = await place.startElsewhere())
  }
  assert.deepEqual(await place.open(config).one(sql`select array_agg(id order by id) as ids from items`), {
    ids: [1, 2, 3],
  })
  await kill(owner)
})

test('a server that lost its watcher and its owner is ended by the next start', { skip: noProc }, async (t) => {
  const place = await newPlace(t)
  const { owner, config } = await place.startElsewhere()
  await place.open(config).run(sql`create table items as select 7 as id`)
  const orphan = await place.serverPid()
  process.kill(await findWatcher(orphan), 'SIGKILL')
  await kill(owner)
  assert.ok(isAlive(orphan))
  const server = await place.start()
  assert.deepEqual(await place.open(server.config).one(sql`select id from items`), { id: 7 })
})

async function findWatcher(server: number): Promise<number> {
  for (const pid of (await readdir('/proc')).map(Number).filter((number) => number > 0)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.endsWith(`\0colonies-watcher\0${server}\0`)) return pid
  }
  throw new Error('there is no watcher')
}

test('a server that dies is started again, and connections recover', async (t) => {
  const place = await newPlace(t)
  const server = await place.start()
  const db = place.open(server.config)
  await db.run(sql`create table items as select 7 as id`)
  const killed = await place.serverPid()
  process.kill(killed, 'SIGKILL')
  for (const end = Date.now() + 20_000; ; ) {
    const row = await db.one(sql`select id from items`).catch((error) => assert.ok(isConnectionFailure(error)))
    if (row && (await place.serverPid()) !== killed) break
    assert.ok(Date.now() < end, 'the server did not come back')
  }
})

test('a lock file that names a process of somebody else does not hinder the start', async (t) => {
  const place = await newPlace(t)
  await (await place.start()).stop()
  const lock = `${process.pid}\n${place.dataDir}\n1700000000\n5432\n\n127.0.0.1\n        1         1\nready   \n`
  await writeFile(join(clusterDirOf(place.dataDir), 'postmaster.pid'), lock)
  const server = await place.start()
  assert.ok(await place.open(server.config).one(sql`select`))
})

test('data of another version of PostgreSQL is refused with a way out', async (t) => {
  const place = await newPlace(t)
  await (await place.start()).stop()
  await writeFile(join(clusterDirOf(place.dataDir), 'PG_VERSION'), '12\n')
  await assert.rejects(place.start(), /written by PostgreSQL 12.*Dump it/)
})

test('a server that cannot start says what PostgreSQL said', async (t) => {
  const place = await newPlace(t)
  await assert.rejects(place.start({ shared_buffers: 'plenty' }), /PostgreSQL did not start .*shared_buffers.*plenty/)
})
