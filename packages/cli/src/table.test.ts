import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Column, formatDescription, formatTable, type Style } from './table.js'

interface Row {
  id: string
  note: string
}
const columns: readonly Column<Row>[] = [
  { header: 'ID', of: ({ id }) => id, whole: true },
  { header: 'NOTE', of: ({ note }) => note, colour: () => 'red' },
]
const plain: Style = { width: 20, ascii: false, paint: (text) => text }

test('columns are cut to the width of the terminal, but ids never', () => {
  const rows = [{ id: '0123456789', note: 'far too long for this line' }]
  assert.deepEqual(formatTable(rows, columns, plain).split('\n'), ['ID          NOTE', '0123456789  far too…', ''])
  const [, line = ''] = formatTable(rows, columns, { ...plain, ascii: true, width: 18 }).split('\n')
  assert.equal(line, '0123456789  far t~')
})

test('in a narrow terminal empty columns give way first, then the last ones, but never ids', () => {
  const wide = [...columns, { header: 'LABEL', of: () => '' }, { header: 'TYPE', of: () => 'dev' }]
  const rows = [{ id: '0123456789', note: 'note' }]
  const lineOf = (width: number) => formatTable(rows, wide, { ...plain, width }).split('\n')[1]
  assert.equal(lineOf(29), '0123456789  note         dev')
  assert.equal(lineOf(28), '0123456789  note  dev')
  assert.equal(lineOf(20), '0123456789  note')
  assert.equal(lineOf(5), '0123456789')
})

test('colours take no room', () => {
  const painted = formatTable([{ id: 'a', note: 'b' }], columns, {
    ...plain,
    paint: (text, colour) => `<${colour}>${text}`,
  })
  assert.deepEqual(painted.split('\n')[1], '<undefined>a   <red>b')
})

test('what others wrote cannot move the cursor', () => {
  const table = formatTable([{ id: 'a', note: '\u001b[2J\n\u0007' }], columns, plain)
  assert.match(table, /\\x1b\[2J\\n\\x07/)
})

test('a description leaves out what is empty', () => {
  assert.equal(formatDescription({ id: 'a', note: '' }, columns, plain), 'ID  a\n')
  assert.equal(formatDescription({ id: 'a', note: 'b\nc' }, columns, plain), 'ID    a\nNOTE  b\n      c\n')
})
