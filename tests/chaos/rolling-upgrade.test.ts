import { test } from 'node:test'
import { rollingUpgrade } from './scenarios/rolling-upgrade.js'
import { shortRun } from './short-run.js'
import { hasPreviousRelease, previousRelease } from './stage/previous-release.js'

test('replicas are updated one by one under load, and taken back: no operation fails', {
  timeout: 240_000,
}, async (t) => {
  if (!(await hasPreviousRelease())) {
    t.skip(`NOT TESTED: version ${previousRelease.name} is not in this shallow clone (git fetch --unshallow)`)
    return
  }
  await shortRun(t, rollingUpgrade)
})
