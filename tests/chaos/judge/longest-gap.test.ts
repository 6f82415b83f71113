import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from '../history.js'
import { longestGap } from './longest-gap.js'

const answered = (client: string, ended: number, outcome: 'ok' | 'unknown' = 'ok') => ({
  client,
  colony: 'c',
  operation: 'submit',
  ids: [],
  labels: [],
  attempt: undefined,
  detail: undefined,
  started: ended - 1,
  ended,
  outcome,
  code: undefined,
  tries: [],
})

test('the gap is that between two answers of one submitter, also where it lasts to the end', () => {
  const history = new History()
  history.add([answered('a', 90), answered('b', 105), answered('a', 110), answered('a', 140, 'unknown')])
  assert.equal(longestGap(history, 'a', 100, 130), 20, 'from the last answer to the end')
  history.add([answered('a', 150), answered('a', 155)])
  assert.equal(longestGap(history, 'a', 100, 160), 40, 'a call without an answer fills no gap')
})
