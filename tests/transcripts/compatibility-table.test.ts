import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '@colonies/protocol'
import { noCall, readPage, transcripts } from '../compat/results.js'

// What stands in the table of clients without running one. Whether they got what it says is what `npm run test:compat` compares.

/** Defined by the original, which has no handler for them, nor any client a method. */
const unused = ['getnodemsg', 'getnodesbylocationmsg', 'getnodesmsg']
/** Why nobody was refused: anybody may ask; or, as the page says, the client asks for the file before. */
const open = new Set(['removefilemsg'])
for (const { caller, payloadtype } of Object.values(operations)) if (caller === 'anyone') open.add(payloadtype)

test('the table of clients is as it would be written now', async () => {
  const { text, rows, withRows } = await readPage()
  assert.equal(text, withRows(rows))
})

test('each message type of the original has a row, transcripts and a client that sends it', async () => {
  const { rows } = await readPage()
  assert.deepEqual(
    [...transcripts.keys()].filter((type) => !rows.has(type)),
    [],
  )
  const unsent = [...rows].filter(([, cells]) => cells.every((cell) => cell === noCall)).map(([type]) => type)
  assert.deepEqual(unsent.sort(), unused)
})

test('each cell of the table is one that the page explains', async () => {
  const { rows } = await readPage()
  for (const [type, cells] of rows) {
    const explained = ['answered, refused', noCall, ...(open.has(type) ? ['answered'] : [])]
    for (const cell of cells) assert.ok(explained.includes(cell), `${type}: ${cell}`)
  }
})
