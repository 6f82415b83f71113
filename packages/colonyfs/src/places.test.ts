import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileError } from './file-error.js'
import { pathOf, placeOf } from './places.js'

test('a path below a folder and a place below a label are the same thing', () => {
  const cases = [
    ['/data', 'a', '/data', 'a'],
    ['/data', 'sub/deep/a', '/data/sub/deep', 'a'],
    ['/', 'a', '/', 'a'],
    ['/', 'sub/a', '/sub', 'a'],
  ] as const
  for (const [root, path, label, name] of cases) {
    assert.deepEqual(placeOf(root, path), { label, name })
    assert.equal(pathOf(root, { label, name }), path)
  }
})

test('what does not lie below the label, or would lead out of the folder, is refused', () => {
  for (const place of [
    { label: '/database', name: 'a' },
    { label: '/other', name: 'a' },
    { label: '/data/..', name: 'a' },
    { label: '/data', name: '..' },
    { label: '/data', name: 'a/b' },
  ])
    assert.throws(() => pathOf('/data', place), FileError)
})
