import { test } from 'node:test'
import { longPolls } from './scenarios/long-polls.js'
import { shortRun } from './short-run.js'

test(
  'each process finds its long poll, with hints and without, for few claims; stopping is quick with all on hold',
  {
    timeout: 120_000,
  },
  (t) => shortRun(t, longPolls),
)
