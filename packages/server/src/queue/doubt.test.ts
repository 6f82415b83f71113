import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Doubt } from './doubt.js'

const lost = Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' })

test('who may have asked before is in doubt until the first look', () => {
  const doubt = new Doubt({ isNew: false })
  assert.deepEqual([doubt.exists, doubt.isDue(5)], [true, true])
  doubt.lookedAt(5)
  assert.deepEqual([doubt.exists, doubt.isDue(5)], [false, false])
})

test('who asks with a new id is not', () => {
  assert.equal(new Doubt({ isNew: true }).exists, false)
})

test('after a lost answer there are looks, ever fewer, until nothing can be committed any more', () => {
  const doubt = new Doubt({ isNew: false })
  doubt.lookedAt(0)
  doubt.failed(lost, 1_000)
  const looks: number[] = []
  for (let nowMs = 1_000; doubt.exists; nowMs += 500) {
    if (!doubt.isDue(nowMs)) continue
    looks.push(nowMs)
    doubt.lookedAt(nowMs)
  }
  assert.deepEqual(looks, [1_000, 1_500, 2_000, 3_000, 5_000, 9_000, 17_000, 33_000, 36_000])
})

test('another lost answer begins it anew', () => {
  const doubt = new Doubt({ isNew: false })
  doubt.failed(lost, 0)
  doubt.lookedAt(30_000)
  doubt.failed(lost, 31_000)
  doubt.lookedAt(36_000)
  assert.ok(doubt.exists)
})
