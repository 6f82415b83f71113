import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { cacheFolder, environmentOf, root } from './pycolonies.js'
import { type CheckedCall, recordResults } from './results.js'
import { run, runWell } from './run.js'

const asked = process.env.COLONIES_COMPAT_RUST === '1'

/** The first build compiles some 150 crates. */
const options = {
  timeout: 900_000,
  skip: asked ? false : 'npm run test:compat -- --rust: its first build takes minutes',
}

test('the colonyos crate 1.0.5, as published, calls its functions', options, async (t) => {
  const target = join(cacheFolder, 'rust-target')
  const manifest = join(root, 'tests', 'compat', 'rust', 'Cargo.toml')
  await runWell('cargo', ['build', '--quiet', '--locked', '--manifest-path', manifest], { CARGO_TARGET_DIR: target })

  const colony = await testColony(t, { loops: true })
  const { lines, complaints } = await run(join(target, 'debug', 'colonies-compat'), [], environmentOf(colony))
  const checks = lines.map((line) => JSON.parse(line) as CheckedCall)
  for (const { check, error } of checks) await t.test(check, () => assert.ok(!error, `${error}\n${complaints}`))
  assert.ok(checks.length >= 12, complaints)
  await recordResults('colonyos 1.0.5', checks)
})
