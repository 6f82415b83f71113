import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelAsAsked, labelsBelow, labelsWithPrefix, normaliseFileLabel, s3Endpoint } from './file-names.js'

const has = ({ own, low, high }: ReturnType<typeof labelsBelow>, label: string) =>
  label === own || (label >= low && label < high)

test('a label has one slash in front and between, and none at the end', () => {
  for (const label of ['/data/in', 'data/in', '/data/in/', '//data///in'])
    assert.equal(normaliseFileLabel(label), '/data/in')
  for (const label of ['', '/', '//']) assert.equal(normaliseFileLabel(label), '/')
})

test('below a label is what its path leads to, and not what only begins alike', () => {
  const below = labelsBelow('/a/')
  assert.deepEqual(
    ['/a', '/a/b', '/a/b/c', '/ab', '/a-b', '/a0', '/', '/b'].filter((label) => has(below, label)),
    ['/a', '/a/b', '/a/b/c'],
  )
  for (const label of ['/', '/a', '/zz', '/é']) assert.ok(has(labelsBelow('/'), label))
})

test('a prefix is a text: wildcards of SQL mean themselves', () => {
  const found = (prefix: string) =>
    ['/a', '/a/b', '/ab', '/a%', '/a🐝', '/b'].filter((label) => has(labelsWithPrefix(prefix), label))
  assert.deepEqual(found('/a'), ['/a', '/a/b', '/ab', '/a%', '/a🐝'])
  assert.deepEqual(found('a'), found('/a'))
  assert.deepEqual(found('/a/'), ['/a/b'])
  assert.deepEqual(found('/a%'), ['/a%'])
  assert.deepEqual(found('/_'), [])
  assert.equal(found('').length, 6)
})

test('a client that cuts off what it asked for is left with the path below it', () => {
  for (const [label, asked, rest] of [
    ['/data/x', '/data', '/x'],
    ['/data/x', 'data', '/x'],
    ['/data', '/data', ''],
    ['/x', '/', '/x'],
  ] as const)
    assert.equal(labelAsAsked(label, asked, true), asked + rest)
  assert.equal(labelAsAsked('/', '/', true), '/')
  assert.equal(labelAsAsked('/data/x', '/data/', true), '/data/x')
  assert.equal(labelAsAsked('/data', 'da', false), 'data')
  assert.equal(labelAsAsked('/data', '', false), '/data')
})

test('an endpoint is read in both shapes and has its port apart', () => {
  const endpoints = [
    ['s3.local:9000', -1, false, 's3.local', 9000],
    ['s3.local', 9000, false, 's3.local', 9000],
    ['s3.local', -1, true, 's3.local', 443],
    ['s3.local', 0, false, 's3.local', 80],
    ['[::1]:9000', -1, false, '[::1]', 9000],
    ['::1', -1, false, '::1', 80],
    ['http://s3.local:9000', -1, false, 'http://s3.local', 9000],
    ['', -1, false, '', 0],
  ] as const
  for (const [server, port, tls, host, number] of endpoints)
    assert.deepEqual(s3Endpoint({ server, port, tls }), { server: host, port: number })
})
