import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PictureNode, pictureOf } from './graph-picture.js'

const node = (id: string, parents: string[], children: string[], state = 0): PictureNode => ({
  id,
  nodename: id,
  state,
  parents,
  children,
})

test('a diamond is drawn in rows, centred over the widest', () => {
  const { processids, nodes, edges } = pictureOf([
    node('a', [], ['b', 'c'], 2),
    node('b', ['a'], ['d'], 1),
    node('c', ['a'], ['d']),
    node('d', ['b', 'c'], []),
  ])
  assert.deepEqual(processids, ['a', 'b', 'd', 'c'])
  assert.deepEqual(
    nodes.map(({ id, position, type }) => [id, position.x, position.y, type]),
    [
      ['a', 100, 0, 'input'],
      ['b', 0, 80, ''],
      ['d', 100, 160, 'output'],
      ['c', 200, 80, ''],
    ],
  )
  assert.deepEqual(
    edges.map(({ id, animated }) => [id, animated]),
    [
      ['a-b', false],
      ['a-c', false],
      ['b-d', true],
      ['c-d', false],
    ],
  )
})

test('a chain of 100 000 nodes is drawn', () => {
  const count = 100_000
  const { processids } = pictureOf(
    Array.from({ length: count }, (_, n) =>
      node(`${n}`, n === 0 ? [] : [`${n - 1}`], n === count - 1 ? [] : [`${n + 1}`]),
    ),
  )
  assert.equal(processids.length, count)
})
