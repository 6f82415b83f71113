import { test } from 'node:test'
import { pressure } from './scenarios/pressure.js'
import { shortRun } from './short-run.js'

test(
  'with an old snapshot, long readers, idle connections and killed backends, work goes on, and its rate comes back',
  { timeout: 150_000 },
  (t) => shortRun(t, pressure),
)
