import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Identity, identityWith } from './identity.js'
import { javascript } from './javascript.js'
import { loadNative } from './node/native.js'
import { isPrivateKey, PrivateKeyError } from './private-key.js'
import { SignatureError } from './signature.js'

// Made by the original's own code (crypto.json), and recorded from published clients at work (signatures.json).
const crypto: CryptoVectors = readVectors('crypto.json')
const recorded: RecordedSignatures = readVectors('signatures.json')

for (const identity of [identityWith(loadNative()), identityWith(javascript)]) {
  const here = `(${identity.cryptography})`

  test(`texts hash as in the original ${here}`, () => {
    for (const { message, sha3_256_hex } of crypto.hashes) assert.equal(identity.hashText(message), sha3_256_hex)
  })

  test(`ids, digests and signatures are those of the original, byte for byte ${here}`, () => {
    for (const vector of crypto.vectors) {
      assert.equal(identity.identityOf(vector.prvkey), vector.id, vector.name)
      assert.equal(identity.hashText(vector.message), vector.sha3_256_hex, vector.name)
      assert.equal(identity.sign(vector.message, vector.prvkey), vector.signature_hex, vector.name)
      assert.equal(identity.recoverIdentity(vector.message, vector.signature_hex), vector.recovered_id, vector.name)
    }
  })

  test(`a private key gives its id, and whatever is none is refused without being repeated ${here}`, () => {
    for (const { name, prvkey, id } of crypto.keys) {
      assert.equal(isPrivateKey(prvkey), id !== undefined, name)
      if (id !== undefined) {
        assert.equal(identity.identityOf(prvkey), id, name)
      } else {
        for (const use of usesOfPrivateKey(identity, prvkey)) {
          assert.throws(use, (error) => error instanceof PrivateKeyError && !(prvkey && error.message.includes(prvkey)))
        }
      }
    }
  })

  test(`each strange signature gives the id or the error of the original, except recovery ids above 1 ${here}`, () => {
    for (const check of crypto.signature_checks) {
      const recover = () => identity.recoverIdentity(check.message, check.signature_hex)
      if (isDeliberateDifference(check.signature_hex)) {
        assert.throws(recover, (error) => error instanceof SignatureError && /neither 0 nor 1$/.test(error.message))
      } else if (check.accepted) {
        assert.equal(recover(), check.recovered_id, check.name)
      } else {
        assert.throws(recover, (error) => error instanceof SignatureError && error.message === check.error, check.name)
      }
    }
  })

  test(`whole envelopes are signed and recognised ${here}`, () => {
    for (const { name, prvkey, payload_base64, envelope, sender_id } of crypto.envelopes) {
      assert.equal(identity.sign(payload_base64, prvkey), envelope.signature, name)
      assert.equal(identity.recoverIdentity(envelope.payload, envelope.signature), sender_id, name)
    }
  })

  test(`signatures equal those recorded from published clients ${here}`, () => {
    for (const { role, payload, signature } of recorded.cases) {
      const holder = recorded.roles[role]
      assert.ok(holder, role)
      const signer = identity.createSigner(holder.prvkey)
      assert.equal(signer.id, holder.id)
      assert.equal(signer.sign(payload), signature)
      assert.equal(identity.recoverIdentity(payload, signature), holder.id)
    }
  })
}

/** The original takes recovery ids 2 to 7 where the numbers fit; no client sends them, and we take none. */
function isDeliberateDifference(signature: string): boolean {
  return /^[0-9a-f]{128}0[2-7]$/i.test(signature)
}

function usesOfPrivateKey(identity: Identity, privateKey: string): (() => unknown)[] {
  return [
    () => identity.identityOf(privateKey),
    () => identity.sign('hello', privateKey),
    () => identity.createSigner(privateKey),
  ]
}

function readVectors<Shape>(file: string): Shape {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as Shape
}

interface CryptoVectors {
  hashes: { message: string; sha3_256_hex: string }[]
  vectors: {
    name: string
    prvkey: string
    id: string
    message: string
    sha3_256_hex: string
    signature_hex: string
    recovered_id: string
  }[]
  keys: { name: string; prvkey: string; id?: string }[]
  signature_checks: {
    name: string
    message: string
    signature_hex: string
    accepted: boolean
    recovered_id?: string
    error?: string
  }[]
  envelopes: {
    name: string
    prvkey: string
    sender_id: string
    payload_base64: string
    envelope: { signature: string; payload: string }
  }[]
}

interface RecordedSignatures {
  roles: Record<string, { prvkey: string; id: string }>
  cases: { role: string; payload: string; signature: string }[]
}
