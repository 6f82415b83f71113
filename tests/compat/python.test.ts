import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { environmentOf, pythonWithColonies, root } from './pycolonies.js'
import { type CheckedCall, recordResults } from './results.js'
import { run } from './run.js'

/** Methods of pycolonies for parts of the protocol that this server does not have yet, and its constructor-like ones. */
const notYet = /cron|generator|file|snapshot|channel|blueprint|upload|download|sync/

let python = ''
before(async () => {
  python = await pythonWithColonies()
})

test('pycolonies 1.0.25, as published, calls all its methods', async (t) => {
  const colony = await testColony(t, { loops: true })
  const { code, lines, complaints } = await run(
    python,
    [join(root, 'tests/compat/python/drive.py')],
    environmentOf(colony),
  )
  assert.equal(code, 0, complaints)
  const reports = lines.map((line) => JSON.parse(line) as CheckedCall & { unchecked?: string[] })
  const { unchecked } = reports.pop() ?? {}
  for (const { check, error } of reports) await t.test(check, () => assert.ok(!error, error ?? ''))
  assert.deepEqual(
    unchecked?.filter((method) => !notYet.test(method)),
    [],
    'methods without a check',
  )
  await recordResults('pycolonies 1.0.25', reports)
})
