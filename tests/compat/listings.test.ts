import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type TestColony, testColony } from '@colonies/testkit'
import { environmentOf, pythonWithColonies, root } from './pycolonies.js'
import { runWell } from './run.js'

const folder = join(root, 'examples', 'paper')

test("the paper's Listings 2 to 4 run with pycolonies as published", async (t) => {
  const python = await pythonWithColonies()
  const colony = await testColony(t, { loops: true })
  const temporary = await mkdtemp(join(tmpdir(), 'colonies-listings-'))
  t.after(() => rm(temporary, { recursive: true, force: true }))
  const env = { ...environmentOf(colony), EXECUTOR_KEY_FILE: join(temporary, 'key') }
  const listing = (number: number) => runWell(python, [join(folder, 'python', `listing${number}.py`)], env)

  const [registered = ''] = await listing(2)
  assert.match(registered, /^registered [0-9a-f]{64}$/)
  const [[closed = ''], [submitted = '', output]] = await Promise.all([listing(3), listing(4)])
  assert.equal(closed.replace('closed', 'submitted'), submitted)
  assert.equal(output, "output ['hello world']")
})

test("the paper's Listings 1 and 4 are function specs that the CLI submits", async (t) => {
  const colony = await testColony(t, { loops: true })
  const executor = await colony.executor('helloworld_executor', { type: 'helloworld_executor' })
  for (const [file, args] of [
    ['listing1.json', ['hello world']],
    ['listing4.json', []],
  ] as const) {
    const submitted = colonies(colony, ['function', 'submit', '--spec', join(folder, file), '--wait', '--out'])
    const process = await executor.assign({ colonyname: colony.name, timeout: 20 })
    assert.equal(process.spec.funcname, 'helloworld')
    assert.deepEqual(process.spec.args, args)
    assert.deepEqual([process.spec.maxexectime, process.spec.maxretries], [100, 3])
    await executor.closeSuccessful({ processid: process.processid, out: ['hello world'] })
    assert.match((await submitted).join('\n'), /hello world/)
  }
})

test("the paper's Listing 5 is a workflow that the CLI submits", async (t) => {
  const colony = await testColony(t, { loops: true })
  const submitted = colonies(colony, ['workflow', 'submit', '--spec', join(folder, 'listing5.json'), '--wait'])
  const order: string[] = []
  for (const number of [1, 2, 3, 4]) {
    const executor = await colony.executor(`executor${number}`, { type: `executor_type${number}` })
    const { processid, spec } = await executor.assign({ colonyname: colony.name, timeout: 20 })
    order.push(spec.nodename)
    await executor.closeSuccessful({ processid, out: [] })
  }
  assert.deepEqual(order, ['task_a', 'task_b', 'task_c', 'task_d'])
  await submitted
})

/** Runs the `colonies` command as the user of a colony. @returns the lines that it printed */
function colonies(colony: TestColony, parameters: string[]): Promise<string[]> {
  const command = join(root, 'packages', 'cli', 'bin', 'colonies.js')
  return runWell(process.execPath, [command, ...parameters], environmentOf(colony))
}
