import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallRecord, History } from '../history.js'
import { timesUntilBack } from './back.js'

const submitted = (client: string, started: number, ended: number, tries: string[] = []): CallRecord => ({
  client,
  colony: 'chaos',
  operation: 'submit',
  ids: [],
  labels: [],
  attempt: undefined,
  detail: undefined,
  started,
  ended,
  outcome: 'ok',
  code: undefined,
  tries,
})

test('traffic is back when the last of those that submit all the time has an answer from after the blow', () => {
  const history = new History()
  history.add([
    submitted('ada', 90, 130), // was on its way, at a replica that lived
    submitted('bob', 95, 300, ['ECONNRESET', '200']),
    submitted('ada', 150, 160),
    submitted('eve', 5_000, 5_100), // waited for executors
  ])
  const struck = [{ name: 'kill a replica', at: 100 }]
  assert.deepEqual(timesUntilBack(history, struck, ['ada', 'bob']), [200])
  assert.deepEqual(timesUntilBack(history, struck, ['ada']), [60])
  assert.deepEqual(timesUntilBack(history, struck, ['ada', 'who was never served']), [Number.POSITIVE_INFINITY])
})
