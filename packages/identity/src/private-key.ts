import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { GROUP_ORDER, ZERO } from './scalar.js'

/** The text given as a private key is none. The message does not repeat it. */
export class PrivateKeyError extends Error {
  override name = 'PrivateKeyError'

  constructor() {
    super(
      'A private key is 64 hex digits, without 0x or a line end, at least 1 and below the group order of secp256k1.',
    )
  }
}

/** @returns a new random private key, 64 lower-case hex digits */
export function generatePrivateKey(): string {
  for (;;) {
    const candidate = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
    if (isPrivateKey(candidate)) return candidate // 1 in 2^128 is not
  }
}

/** Whether a text is a private key: 64 hex digits of either case, in the range that the curve allows. */
export function isPrivateKey(text: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(text)) return false
  const scalar = text.toLowerCase()
  return scalar > ZERO && scalar < GROUP_ORDER
}

/**
 * @returns the 32 bytes of a private key
 * @throws PrivateKeyError
 */
export function parsePrivateKey(text: string): Uint8Array {
  if (!isPrivateKey(text)) throw new PrivateKeyError()
  return hexToBytes(text)
}
