import { test } from 'node:test'
import { killReplicas } from './scenarios/kill-replicas.js'
import { shortRun } from './short-run.js'

test(
  'of three replicas one is killed at a time: what was acknowledged is done once, and traffic is back',
  {
    timeout: 120_000,
  },
  (t) => shortRun(t, killReplicas),
)
