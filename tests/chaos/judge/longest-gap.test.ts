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

test('the silence is that of the submitter that was worst off, also where it lasts to the end', () => {
  const history = new History()
  history.add([
    answered('a', 90),
    answered('b', 95),
    answered('a', 110),
    answered('b', 120, 'unknown'),
    answered('a', 130),
  ])
  assert.equal(longestGap(history, 100, 130), 35, 'b had its last answer before, at 95, and none until 130')
  history.add([answered('b', 140), answered('a', 200)])
  assert.equal(longestGap(history, 100, 200), 70, 'a between 130 and 200')
})
