import { test } from 'node:test'
import { failover } from '../chaos/scenarios/failover.js'
import { shortRun } from '../chaos/short-run.js'

test(
  'a Patroni cluster hands over, then its primary is killed: what was acknowledged is on the next one',
  {
    timeout: 180_000,
  },
  (t) => shortRun(t, failover),
)
