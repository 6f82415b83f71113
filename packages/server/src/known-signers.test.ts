import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, generatePrivateKey, recoverIdentity, SignatureError } from '@colonies/identity'
import fc from 'fast-check'
import { KnownSigners } from './known-signers.js'

test('whatever came before, the signer is the one that text and signature give', () => {
  const signers = Array.from({ length: 3 }, () => createSigner(generatePrivateKey()))
  const known = new KnownSigners(2)
  const number = fc.nat(2)
  fc.assert(
    fc.property(fc.array(fc.record({ key: number, signed: number, sent: number }), { maxLength: 30 }), (asked) => {
      for (const { key, signed, sent } of asked) {
        const signature = signers[key]?.sign(`text ${signed}`) ?? ''
        const text = `text ${sent}`
        assert.equal(known.identify(text, signature), recoverIdentity(text, signature))
        if (signed === sent) assert.equal(known.identify(text, signature), signers[key]?.id)
      }
    }),
    { numRuns: 50 },
  )
})

test('what cannot be a signature is refused each time', () => {
  const known = new KnownSigners()
  for (let turn = 0; turn < 2; turn++) assert.throws(() => known.identify('text', 'xyz'), SignatureError)
  assert.equal(known.size, 0)
})

test('it keeps so many and no more: those that were asked for last, and no long texts', () => {
  const signer = createSigner(generatePrivateKey())
  const known = new KnownSigners(10)
  for (let n = 0; n < 1_000; n++) {
    known.identify(`text ${n}`, signer.sign(`text ${n}`))
    known.identify('always', signer.sign('always'))
    assert.ok(known.size <= 20, `${known.size}`)
  }
  const before = known.size
  known.identify('x'.repeat(1_001), signer.sign('x'.repeat(1_001)))
  assert.equal(known.size, before)
})
