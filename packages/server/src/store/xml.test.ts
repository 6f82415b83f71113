import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from './s3-errors.js'
import { readXmlList, writeXml } from './xml.js'

test('texts are escaped, lists repeat their element, what is undefined is left out', () => {
  const text = writeXml('A', { Key: `<&">'`, None: undefined, Item: [{ N: 1 }, { N: 2 }] }, { namespace: '' })
  assert.equal(text.split('\n')[1], `<A><Key>&lt;&amp;&quot;&gt;'</Key><Item><N>1</N></Item><Item><N>2</N></Item></A>`)
})

test('lists are read back with their escapes', () => {
  const xml = `<?xml version="1.0"?><Delete xmlns="x"><Object><Key>a&amp;b&#x20;&#99;</Key></Object><Object><Key>d</Key></Object></Delete>`
  assert.deepEqual(
    readXmlList(xml, 'Object').map((fields) => fields.get('Key')),
    ['a&b c', 'd'],
  )
})

test('declarations of entities are refused', () => {
  assert.throws(() => readXmlList('<!DOCTYPE a [<!ENTITY b "c">]><a/>', 'Object'), S3Error)
})
