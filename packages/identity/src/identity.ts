import type { Cryptography } from './cryptography.js'
import { parsePrivateKey } from './private-key.js'
import { parseSignature, unrecoverable } from './signature.js'

/** A private key made ready for many signatures. */
export interface Signer {
  /** The id that everybody will recover from these signatures; 64 hex digits. */
  id: string

  /** @returns the signature of a text; 130 hex digits */
  sign(text: string): string
}

/** All that needs the curve or the hash. */
export interface Identity {
  /** Which implementation this is: libsecp256k1 and OpenSSL, or JavaScript. They give the same bytes. */
  cryptography: 'native' | 'javascript'

  /**
   * @returns the id of whoever holds a private key; 64 lower-case hex digits
   * @throws PrivateKeyError
   */
  identityOf(privateKey: string): string

  /**
   * Signs a text; on the wire, the payload in base64. For many texts `createSigner` is faster.
   *
   * @returns r, s and recovery id; 130 lower-case hex digits, the same each time
   * @throws PrivateKeyError
   */
  sign(text: string, privateKey: string): string

  /** @throws PrivateKeyError */
  createSigner(privateKey: string): Signer

  /**
   * Finds out who signed a text. A signature of another text is no error: it gives the id of nobody.
   *
   * @returns the id of the signer; 64 lower-case hex digits
   * @throws SignatureError when the signature is not one that any key could have made
   */
  recoverIdentity(text: string, signature: string): string

  /** @returns the id of the one attribute with this key and type in a process or process graph; 64 hex digits */
  attributeId(targetid: string, key: string, attributetype: number): string

  /** @returns SHA3-256 of the text in UTF-8; 64 lower-case hex digits */
  hashText(text: string): string
}

/** Builds the functions of this package on one implementation of curve and hash. */
export function identityWith(cryptography: Cryptography): Identity {
  const { kind, curve, sha3, sha3Hex, toHex, fromHex } = cryptography

  // An id is the hash of the public key spelled in hex, not of its bytes; every client does it so.
  const idOf = (publicKey: Uint8Array) => sha3Hex(toHex(publicKey))

  return {
    cryptography: kind,
    hashText: sha3Hex,
    identityOf: (privateKey) => idOf(curve.publicKey(parsePrivateKey(privateKey))),
    sign: (text, privateKey) => toHex(curve.sign(sha3(text), parsePrivateKey(privateKey))),

    createSigner(privateKey) {
      const key = parsePrivateKey(privateKey)
      return {
        id: idOf(curve.publicKey(key)),
        sign: (text) => toHex(curve.sign(sha3(text), key)),
      }
    },

    recoverIdentity(text, signature) {
      const { rs, recoveryId } = parseSignature(signature, fromHex)
      const publicKey = curve.recover(sha3(text), rs, recoveryId)
      if (!publicKey) throw unrecoverable('not for a valid curve point')
      return idOf(publicKey)
    },

    attributeId: (targetid, key, attributetype) => sha3Hex(`${targetid}${key}${attributetype}`),
  }
}
