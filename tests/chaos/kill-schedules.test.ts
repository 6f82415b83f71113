import { test } from 'node:test'
import { killChannels } from './scenarios/kill-channels.js'
import { killSchedules } from './scenarios/kill-schedules.js'
import { shortRun } from './short-run.js'

const timeout = 120_000

test('replicas are killed: each planned time and each packed argument has one graph', { timeout }, (t) =>
  shortRun(t, killSchedules),
)

test('replicas are killed: a channel has each message once, in the same order for all', { timeout }, (t) =>
  shortRun(t, killChannels),
)
