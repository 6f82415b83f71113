import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PlanOptions, planChanges } from './plan.js'

type Text = string | undefined

/** What is planned for one file, as `action` or `action, conflict`. */
function planned(here: Text, there: Text, before: Text, options: Partial<PlanOptions> = {}): string {
  const side = (text: Text) => new Map(text === undefined ? [] : [['a', { checksum: text, size: 1 }]])
  const sides = { local: side(here), remote: side(there), before: new Map(before === undefined ? [] : [['a', before]]) }
  const [change] = planChanges(sides, { keepLocal: true, deletions: false, ...options })
  return change ? `${change.action}${change.conflict ? ', conflict' : ''}` : 'nothing'
}

describe('a file that is on one side only', () => {
  test('goes to the other side', () => {
    assert.equal(planned('1', undefined, undefined), 'upload')
    assert.equal(planned(undefined, '1', undefined), 'download')
  })

  test('comes back although it was removed, unless deletions are tracked', () => {
    assert.equal(planned(undefined, '1', '1'), 'download')
    assert.equal(planned(undefined, '1', '1', { deletions: true }), 'remove-remote')
    assert.equal(planned('1', undefined, '1', { deletions: true }), 'remove-local')
  })

  test('is never removed when it was changed since, or never synced', () => {
    assert.equal(planned(undefined, '2', '1', { deletions: true }), 'download')
    assert.equal(planned('2', undefined, '1', { deletions: true }), 'upload')
    assert.equal(planned('1', undefined, undefined, { deletions: true }), 'upload')
  })
})

describe('a file that is on both sides', () => {
  test('is left alone when its contents are equal', () => {
    assert.equal(planned('1', '1', undefined), 'nothing')
    assert.equal(planned('1', '1', '0'), 'nothing')
  })

  test('takes the side that changed since the last sync, whoever is kept in conflicts', () => {
    for (const keepLocal of [true, false]) {
      assert.equal(planned('2', '1', '1', { keepLocal }), 'upload')
      assert.equal(planned('1', '2', '1', { keepLocal }), 'download')
    }
  })

  test('is a conflict when both changed, or nothing is known', () => {
    assert.equal(planned('2', '3', '1'), 'upload, conflict')
    assert.equal(planned('2', '3', undefined, { keepLocal: false }), 'download, conflict')
  })
})
