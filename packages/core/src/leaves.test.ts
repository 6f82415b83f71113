import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leavesDepthFirst } from './leaves.js'

const nodesOf = (graph: Record<string, string>) =>
  Object.entries(graph).map(([id, parents]) => ({ id, parents: parents.split('').filter((parent) => parent !== ' ') }))

test('leaves come in the order of a walk that goes down before it goes on', () => {
  assert.deepEqual(leavesDepthFirst([]), [])
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '' })), ['a'])
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '', b: '', c: '' })), ['a', 'b', 'c'])
  // A diamond has one leaf.
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '', b: 'a', c: 'a', d: 'bc' })), ['d'])
  // The leaf below the first child comes before the second child, whatever the order of the spec.
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '', b: 'a', c: 'a', d: 'b' })), ['d', 'c'])
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '', z: '', b: 'a', c: 'z', d: 'a' })), ['b', 'd', 'c'])
  // A node with two parents is reached from the first.
  assert.deepEqual(leavesDepthFirst(nodesOf({ a: '', b: '', c: 'ab', d: 'b', e: 'a' })), ['c', 'e', 'd'])
})

test('a long chain and a wide fan take no deep stack', () => {
  const chain = Array.from({ length: 100_000 }, (_, n) => ({ id: `${n}`, parents: n === 0 ? [] : [`${n - 1}`] }))
  assert.deepEqual(leavesDepthFirst(chain), ['99999'])
  const fan = [
    { id: 'root', parents: [] },
    ...Array.from({ length: 50_000 }, (_, n) => ({ id: `${n}`, parents: ['root'] })),
  ]
  assert.equal(leavesDepthFirst(fan).length, 50_000)
})
