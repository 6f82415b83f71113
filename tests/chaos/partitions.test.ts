import { test } from 'node:test'
import { partitions } from './scenarios/partitions.js'
import { shortRun } from './short-run.js'

test(
  'ways between replicas, their database and their clients are cut: nothing is lost, and all is well when they heal',
  {
    timeout: 120_000,
  },
  (t) => shortRun(t, partitions),
)
