import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { identityWith } from './identity.js'
import { javascript } from './javascript.js'
import { loadNative } from './node/native.js'
import { generatePrivateKey } from './private-key.js'
import { SignatureError } from './signature.js'

const native = identityWith(loadNative())
const pure = identityWith(javascript)

const anyText = fc.string({ unit: 'binary', maxLength: 300 })
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)

test('both implementations give the same ids, hashes and signatures, and recognise each other', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const key = generatePrivateKey()
      const id = native.identityOf(key)
      const signature = native.sign(text, key)
      assert.equal(pure.identityOf(key), id)
      assert.equal(pure.hashText(text), native.hashText(text))
      assert.equal(pure.sign(text, key), signature)
      assert.equal(pure.recoverIdentity(text, signature), id)
      assert.equal(native.recoverIdentity(text, signature), id)
    }),
    { numRuns: 300 },
  )
})

test('both implementations see the same in signatures made of random numbers', () => {
  fc.assert(
    fc.property(anyText, bytes32, bytes32, fc.constantFrom('00', '01'), (text, r, s, v) => {
      const [one, other] = [native, pure].map((identity) => outcome(() => identity.recoverIdentity(text, r + s + v)))
      assert.equal(one, other)
    }),
    { numRuns: 300 },
  )
})

test('a text with half a surrogate pair hashes as if the half were U+FFFD, in both implementations', () => {
  for (const identity of [native, pure]) assert.equal(identity.hashText('a\ud800'), identity.hashText('a\ufffd'))
})

test('a signature made up so that the key would be the point at infinity is refused, in both implementations', () => {
  // The key is (s R - z G) / r. Whoever takes R = k G and s = z / k knows no key, and gets s R - z G = 0.
  const text = 'nobody signed this'
  const { Fn, BASE } = secp256k1.Point
  const z = BigInt(`0x${native.hashText(text)}`) % Fn.ORDER
  for (let k = 2n; k < 12n; k++) {
    const point = BASE.multiply(k).toAffine()
    const s = Fn.div(z, k)
    const low = s <= Fn.ORDER / 2n
    const odd = (point.y & 1n) === 1n
    const signature = hex(point.x) + hex(low ? s : Fn.ORDER - s) + (odd === low ? '01' : '00')
    for (const identity of [native, pure]) {
      assert.throws(() => identity.recoverIdentity(text, signature), { message: /not for a valid curve point/ })
    }
  }
})

function outcome(recover: () => string): string {
  try {
    return recover()
  } catch (error) {
    assert.ok(error instanceof SignatureError)
    return error.message
  }
}

function hex(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}
