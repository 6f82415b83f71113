import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allPages } from './all-pages.js'

const names = ['a', 'b', 'c', 'd', 'e']
const two = async (after: string) => names.slice(names.indexOf(after) + 1).slice(0, 2)
const itself = (name: string) => name

test('a list is read page by page, to its end or as far as asked for', async () => {
  assert.deepEqual(await allPages(two, itself), names)
  assert.deepEqual(await allPages(two, itself, 3), ['a', 'b', 'c'])
  assert.deepEqual(await allPages(async () => [], itself), [])
})

test('a server that knows no pages is not asked for ever', async () => {
  assert.deepEqual(await allPages(async () => names, itself), names)
})
