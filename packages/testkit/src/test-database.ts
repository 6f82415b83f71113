import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  connect,
  copyDatabase,
  type Database,
  type DatabaseConfig,
  dropDatabase,
  ensureDatabase,
  ensureTemplate,
  migrate,
  migrationsFolder,
} from '@colonies/database'
import { testServer } from './test-server.js'

/** What is needed of the context that `node:test` hands to a test. */
export interface TestScope {
  after(cleanUp: () => Promise<void>): void
}

export interface TestDatabase {
  db: Database
  /** For connections of its own, and for servers under test. */
  config: DatabaseConfig
  /** Runs `cleanUp` before the database goes, the latest first: hooks of a test run in the order in which they came. */
  beforeDrop(cleanUp: () => Promise<unknown>): void
}

/** A database of this test alone, with all tables and no rows; gone when the test ends. Takes about 30 ms. */
export async function testDatabase(t: TestScope): Promise<TestDatabase> {
  const server = await testServer()
  const template = await templateName()
  await (made ??= ensureTemplate(server, template, fill))
  const name = randomName()
  await copyDatabase(server, template, name)
  return opened(t, { ...server, database: name })
}

/** As `testDatabase`, without tables. */
export async function emptyDatabase(t: TestScope): Promise<TestDatabase> {
  const config = { ...(await testServer()), database: randomName() }
  await ensureDatabase(config)
  return opened(t, config)
}

let made: Promise<void> | undefined

async function fill(config: DatabaseConfig): Promise<void> {
  const db = connect(config)
  try {
    await migrate(db)
  } finally {
    await db.close()
  }
}

/** Another one for each state of the migrations, so that a server may outlive a change of them. */
async function templateName(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of (await readdir(migrationsFolder)).sort()) hash.update(await readFile(join(migrationsFolder, file)))
  return `template_${hash.digest('hex').slice(0, 16)}`
}

function randomName(): string {
  return `test_${randomBytes(8).toString('hex')}`
}

function opened(t: TestScope, config: DatabaseConfig): TestDatabase {
  const db = connect(config)
  const cleanUps: (() => Promise<unknown>)[] = []
  t.after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
    await db.close()
    await dropDatabase(config, config.database) // whoever a test has left connected goes with it
  })
  return { db, config, beforeDrop: (cleanUp) => void cleanUps.push(cleanUp) }
}
