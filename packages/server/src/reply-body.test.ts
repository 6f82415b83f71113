import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replyBody, replyText, reuseBody } from './reply-body.js'

test('a large reply has the bytes of its text, whatever its length is', () => {
  const head = '{"payloadtype":"x","payload":"'
  for (const length of [0, 1, 16_383, 16_384, 36_863, 36_864, 36_865, 100_000])
    for (const sign of ['a', 'å', '🌍'])
      assert.equal(Buffer.from(replyBody(head, sign.repeat(length))).toString(), replyText(head, sign.repeat(length)))
})

test('a reply in pieces has the bytes of all of them, one after another', () => {
  const head = '{"payloadtype":"x","payload":"'
  for (const length of [1, 100, 10_000, 400_000])
    for (const sign of ['a', 'å', '🌍']) {
      const pieces = ['[', sign.repeat(length), ',', 'b'.repeat(length), ']']
      assert.equal(Buffer.from(replyBody(head, pieces)).toString(), replyText(head, pieces.join('')))
    }
})

test('a body has the memory of one that was sent, and never that of one that is still to be', () => {
  const head = '{"payloadtype":"x","payload":"'
  const textOf = (sign: string) => sign.repeat(120_000)
  const make = (sign: string) => replyBody(head, textOf(sign)) as Uint8Array
  const [sent, open] = [make('a'), make('b')]
  reuseBody(sent)
  const [next, another] = [make('c'), make('d')]
  assert.equal(next.buffer, sent.buffer)
  assert.equal(new Set([next, open, another].map(({ buffer }) => buffer)).size, 3)
  for (const [body, sign] of [
    [open, 'b'],
    [next, 'c'],
    [another, 'd'],
  ] as const)
    assert.equal(Buffer.from(body).toString(), replyText(head, textOf(sign)))
})

test('a body holds no more than twice its own bytes, and those of 100 processes use memory again', () => {
  const head = '{"payloadtype":"x","payload":"'
  for (const length of [13_000, 20_000, 60_000, 97_000, 107_000, 190_000, 400_000]) {
    const body = replyBody(head, 'x'.repeat(length))
    if (typeof body === 'string') continue
    assert.ok(body.buffer.byteLength <= 2 * body.byteLength, `${length}: ${body.buffer.byteLength}`)
    reuseBody(body)
  }
  const [page, next] = ['y', 'z'].map((sign) => {
    const body = replyBody(head, sign.repeat(107_000)) as Uint8Array
    reuseBody(body)
    return body.buffer
  })
  assert.equal(page, next)
})
