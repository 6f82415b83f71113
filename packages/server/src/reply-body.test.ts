import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replyBody, replyText } from './reply-body.js'

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
