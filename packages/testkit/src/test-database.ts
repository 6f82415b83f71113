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
  spreadDatabase,
} from '@colonies/database'
import { citusNodes, copySpreadDatabase, ensureSpreadTemplate, makeEmptyNodes } from './spread-template.js'
import { testServer } from './test-server.js'

/** What is needed of the context that `node:test` hands to a test. */
export interface TestScope {
  after(cleanUp: () => Promise<void>): void
}

/** Options of a test that is not for tables spread by Citus. @param why a sentence that goes on from "here" */
export const onOneServer = (why: string) => ({ skip: process.env.COLONIES_TEST_CITUS ? `not on Citus: ${why}` : false })

export interface TestDatabase {
  db: Database
  /** For connections of its own, and for servers under test. */
  config: DatabaseConfig
  /** Runs `cleanUp` before the database goes, the latest first: hooks of a test run in the order in which they came. */
  beforeDrop(cleanUp: () => Promise<unknown>): void
}

/**
 * A database of this test alone, with all tables and no rows; gone when the test ends. Takes about 30 ms. Where
 * `COLONIES_TEST_CITUS` names nodes, its tables are spread over these.
 */
export async function testDatabase(t: TestScope): Promise<TestDatabase> {
  const server = await testServer()
  const template = await templateName()
  const others = citusNodes(server)
  if (others.length > 0) {
    await (made ??= ensureSpreadTemplate([server, ...others], template))
    const name = randomName()
    await copySpreadDatabase([server, ...others], template, name)
    return opened(t, { ...server, database: name }, others)
  }
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

/** The same on every node of a Citus, whose coordinator has the migrations and nothing that is distributed. */
export async function undistributedDatabase(t: TestScope): Promise<TestDatabase> {
  const server = await testServer()
  const others = citusNodes(server)
  const name = randomName()
  await makeEmptyNodes([server, ...others], name)
  const config = { ...server, database: name }
  await fill(config)
  return handedOver(t, { config, others, db: connect({ ...config, keepsPlans: false }) })
}

/** Options of a test that needs a Citus. */
export const onCitus = {
  skip: process.env.COLONIES_TEST_CITUS ? false : 'COLONIES_TEST_CITUS names no nodes of a Citus',
}

function randomName(): string {
  return `test_${randomBytes(8).toString('hex')}`
}

async function opened(
  t: TestScope,
  config: DatabaseConfig,
  others: readonly DatabaseConfig[] = [],
): Promise<TestDatabase> {
  const db = others.length > 0 ? await spreadDatabase(connect(config), config) : connect(config)
  return handedOver(t, { config, others, db })
}

interface Opened {
  config: DatabaseConfig
  others: readonly DatabaseConfig[]
  db: Database
}

function handedOver(t: TestScope, { config, others, db }: Opened): TestDatabase {
  const cleanUps: (() => Promise<unknown>)[] = []
  t.after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
    await db.close()
    for (const server of [config, ...others]) await dropDatabase(server, config.database) // whoever a test has left connected goes with it
  })
  return { db, config, beforeDrop: (cleanUp) => void cleanUps.push(cleanUp) }
}
