import { hash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Cryptography } from '../cryptography.js'

/** What we use of npm `secp256k1`, which comes without types. Errors are thrown as plain `Error`. */
interface Addon {
  contextRandomize(seed: Uint8Array): void
  publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number }
  ecdsaRecover(rs: Uint8Array, recoveryId: number, digest: Uint8Array, compressed: boolean): Uint8Array
}

/**
 * Loads libsecp256k1, and SHA-3 of OpenSSL.
 *
 * @throws Error when either is missing on this machine
 */
export function loadNative(): Cryptography {
  // Not the package's main file: that one falls back in silence on elliptic.js, a third and slower implementation.
  const addon = createRequire(import.meta.url)('secp256k1/bindings.js') as Addon
  const sha3 = (text: string) => hash('sha3-256', text, 'buffer')
  sha3('') // an OpenSSL without SHA-3 throws here, not at the first request

  // Blinds the private key against those who measure time or power; results stay the same.
  addon.contextRandomize(randomBytes(32))

  return {
    kind: 'native',
    sha3,
    sha3Hex: (text) => hash('sha3-256', text, 'hex'),
    toHex: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'),
    fromHex: (hex) => Buffer.from(hex, 'hex'),
    curve: {
      publicKey: (privateKey) => addon.publicKeyCreate(privateKey, false),

      sign(digest, privateKey) {
        const { signature, recid } = addon.ecdsaSign(digest, privateKey)
        const withRecoveryId = new Uint8Array(65)
        withRecoveryId.set(signature)
        withRecoveryId[64] = recid
        return withRecoveryId
      },

      recover(digest, rs, recoveryId) {
        try {
          return addon.ecdsaRecover(rs, recoveryId, digest, false)
        } catch {
          return undefined // r is not on the curve, or the key would be the point at infinity
        }
      },
    },
  }
}
