import { test } from 'node:test'
import { pauses } from './scenarios/pauses.js'
import { shortRun } from './short-run.js'

test(
  'the leader and an executor are stopped, and clocks are set: each planned time fires once, and late writes are refused',
  {
    timeout: 120_000,
  },
  (t) => shortRun(t, pauses),
)
