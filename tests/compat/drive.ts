import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type TestColony, testColony } from '@colonies/testkit'
import { countsOf, neverRefused, type Outcome, outcomesBetween } from './outcomes.js'
import { environmentOf } from './pycolonies.js'
import { type Client, recordResults } from './results.js'
import { run } from './run.js'

/** A program of ours that calls the methods of a published client, and prints a line for each check. */
export interface Driver {
  command: string
  parameters?: string[]
  env?: Record<string, string>
}

/** A driver that leaves nothing of its client out. */
export interface WholeDriver extends Driver {
  client: Client
  /** What the client offers; each has to be the name of a check. */
  methods: string[]
  /** Message types that its sources name; each has to be sent. */
  sends: string[]
  /** Message types that this client never sends where they would be refused. */
  unrefused?: string[]
}

/** One line of a driver: what it tried, and why that failed. */
interface Check {
  check: string
  /** Null when all was well. */
  error: string | null
}

/** As `drive`, and compares what the client got with the table of docs/reference/compatibility.md. */
export async function driveAll(t: TestContext, driver: WholeDriver): Promise<void> {
  const { client, methods, sends, unrefused = [] } = driver
  const { checks, outcomes } = await drive(t, driver)
  assert.ok(methods.length > 0, `${client} has methods`)
  const checked = new Set(checks.map(({ check }) => check))
  assert.deepEqual(
    methods.filter((method) => !checked.has(method)),
    [],
    'methods without a check',
  )
  if (spread || checks.some(({ error }) => error)) return
  assert.deepEqual([...outcomes.keys()].sort(), [...sends].sort(), 'message types that the client sends')
  assert.deepEqual(neverRefused(outcomes), unrefused, 'message types that were not both answered and refused')
  await recordResults(client, outcomes)
}

/** Each replica counts what it answered itself, so where there are several the counts of one say little. */
const spread = Number(process.env.COLONIES_TEST_REPLICAS ?? 1) > 1

/** Runs a driver against a colony of its own, with a test for each check. */
export async function drive(
  t: TestContext,
  { command, parameters = [], env }: Driver,
): Promise<{ checks: Check[]; outcomes: Map<string, Outcome> }> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-compat-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  const colony = await testColony(t, { loops: true, env: { COLONIES_STORE_DIR: join(folder, 'store') } })
  const variables = { ...environmentOf(colony), ...(await storeOf(colony)), TMPDIR: temporary, ...env }
  const before = await countsOf(colony.url)
  const { code, lines, complaints } = await run(command, parameters, variables)
  // The libraries of clients print too.
  const checks = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Check)
  for (const { check, error } of checks) await t.test(check, () => assert.ok(!error, error ?? ''))
  assert.ok(checks.length > 0 && (code === 0) === checks.every(({ error }) => !error), complaints)
  return { checks, outcomes: outcomesBetween(before, await countsOf(colony.url)) }
}

/** The variables that clients of files read the store of their bytes from: the server's own. */
export async function storeOf({ url, name, user }: TestColony): Promise<Record<string, string>> {
  const { region, bucket, accesskey, secretkey } = await user.getStore({ colonyname: name })
  return {
    AWS_S3_ENDPOINT: new URL(url).host,
    AWS_S3_TLS: 'false',
    AWS_S3_SKIPVERIFY: 'false',
    AWS_S3_REGION: region,
    AWS_S3_BUCKET: bucket,
    AWS_S3_ACCESSKEY: accesskey,
    AWS_S3_SECRETKEY: secretkey,
  }
}
