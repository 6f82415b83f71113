import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Style } from './table.js'
import { list } from './view.js'

const plain: Style = { width: 12, ascii: false, paint: (text) => text }

test('what is wrong with rows stands whole below the table', () => {
  const why = 'nobody is left who may start it\u001b'
  const columns = [{ header: 'NAME', of: ({ name }: { name: string }) => name }]
  const parts = { id: () => '', none: 'None.', remark: ({ name }: { name: string }) => (name === 'b' ? why : '') }
  const text = list([{ name: 'a' }, { name: 'b' }], columns, parts).text(plain)
  assert.equal(text, 'NAME\na\nb\n\nnobody is left who may start it\\x1b\n')
  assert.equal(list([{ name: 'a' }], columns, parts).text(plain), 'NAME\na\n')
})
