import { test } from 'node:test'
import { soak } from './scenarios/soak.js'
import { shortRun } from './short-run.js'

test('a mixed load goes on for a while: every invariant holds', { timeout: 120_000 }, (t) => shortRun(t, soak))
