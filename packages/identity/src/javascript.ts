import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Cryptography } from './cryptography.js'

/** Runs wherever JavaScript runs; recovering takes milliseconds. */
export const javascript: Cryptography = {
  kind: 'javascript',
  sha3: (text) => sha3_256(utf8ToBytes(text)),
  sha3Hex: (text) => bytesToHex(sha3_256(utf8ToBytes(text))),
  toHex: bytesToHex,
  fromHex: hexToBytes,
  curve: {
    publicKey: (privateKey) => secp256k1.getPublicKey(privateKey, false),

    sign(digest, privateKey) {
      const leading = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' })
      const trailing = new Uint8Array(65)
      trailing.set(leading.subarray(1)) // noble puts the recovery id in front, Colonies puts it last
      trailing.set(leading.subarray(0, 1), 64)
      return trailing
    },

    recover(digest, rs, recoveryId) {
      const signature = secp256k1.Signature.fromBytes(rs, 'compact').addRecoveryBit(recoveryId)
      try {
        return signature.recoverPublicKey(digest).toBytes(false)
      } catch {
        return undefined // r is not on the curve, or the key would be the point at infinity
      }
    },
  },
}
