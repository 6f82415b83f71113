import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { testColony } from '@colonies/testkit'
import { countsOf, neverRefused, outcomesBetween } from './outcomes.js'
import { environmentOf } from './pycolonies.js'
import { type Client, recordResults } from './results.js'
import { run } from './run.js'

/** A program of ours that calls the methods of a published client, and prints a line for each check. */
export interface Driver {
  client: Client
  command: string
  parameters?: string[]
  /** What the client offers; each has to be the name of a check. */
  methods: string[]
  env?: Record<string, string>
}

/** One line of a driver: what it tried, and why that failed. */
interface Check {
  check: string
  /** Null when all was well. */
  error: string | null
}

/** What the server says to message types that it does not know. */
const notYet = /invalid rpcMsg\.PayloadType/

/** Runs a driver against a colony of its own, with a test for each check, and compares the outcomes with the table. */
export async function drive(t: TestContext, { client, command, parameters = [], methods, env }: Driver): Promise<void> {
  const colony = await testColony(t, { loops: true })
  const before = await countsOf(colony.url)
  const ended = await run(command, parameters, { ...environmentOf(colony), ...env })
  const checks = ended.lines.map((line) => JSON.parse(line) as Check)
  const failed = checks.filter(({ error }) => error && !notYet.test(error))
  for (const { check, error } of checks) {
    const skip = notYet.test(error ?? '') && 'this server does not know the message type'
    await t.test(check, { skip }, () => assert.ok(!error, error ?? ''))
  }
  assert.ok(checks.length > 0 && (ended.code === 0) === checks.every(({ error }) => !error), ended.complaints)

  const checked = new Set(checks.map(({ check }) => check))
  assert.ok(methods.length > 0, `${client} has methods`)
  assert.deepEqual(
    methods.filter((method) => !checked.has(method)),
    [],
    'methods without a check',
  )
  const outcomes = outcomesBetween(before, await countsOf(colony.url))
  assert.deepEqual(neverRefused(outcomes), [], 'message types that were not both answered and refused')
  if (failed.length === 0) await recordResults(client, outcomes)
}
