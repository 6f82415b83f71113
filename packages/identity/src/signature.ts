import { GROUP_ORDER, HALF_ORDER, ZERO } from './scalar.js'

/** The text given as a signature cannot be one. The messages are those of the original server. */
export class SignatureError extends Error {
  override name = 'SignatureError'
}

export interface ParsedSignature {
  /** r and s; 64 bytes */
  rs: Uint8Array
  recoveryId: 0 | 1
}

/**
 * Takes a signature apart, and finds out all that can be wrong with it short of work on the curve: that work is what a
 * flood of bad signatures would make the server do.
 *
 * @throws SignatureError
 */
export function parseSignature(text: string, fromHex: (hex: string) => Uint8Array): ParsedSignature {
  const strange = text.match(/[^0-9a-f]/iu)
  if (strange) throw new SignatureError(`encoding/hex: invalid byte: ${describeFirstByte(strange[0])}`)
  if (text.length % 2 === 1) throw new SignatureError('encoding/hex: odd length hex string')
  if (text.length !== 130) throw new SignatureError('Invalid signature length')

  const bytes = fromHex(text)
  const recoveryId = parseRecoveryId(bytes[64])
  checkRange('R', text.slice(0, 64).toLowerCase())
  const s = text.slice(64, 128).toLowerCase()
  checkRange('S', s)
  // Both s and n - s fit the same message and key. Only the lower counts, so that nobody can make a second signature
  // out of one seen on the wire.
  if (s > HALF_ORDER) throw new SignatureError('Failed verify signature: Signature s value is over half the order')
  return { rs: bytes.subarray(0, 64), recoveryId }
}

/** @returns the error for a signature which fails for the reason given */
export function unrecoverable(reason: string): SignatureError {
  return new SignatureError(`Failed to recover public key: invalid signature: ${reason}`)
}

function parseRecoveryId(byte: number | undefined): 0 | 1 {
  if (byte === 0 || byte === 1) return byte
  const value = byte ?? 0
  // The original takes 2 to 7 too, and reads 4 to 7 as 0 to 3: more texts for one signature. No client sends them.
  if (value < 8) throw unrecoverable(`recovery id ${value} is neither 0 nor 1`)
  throw unrecoverable(`public key recovery code ${(value + 27) % 256} is not in the valid range [27, 34]`)
}

function checkRange(name: 'R' | 'S', scalar: string): void {
  if (scalar === ZERO) throw unrecoverable(`${name} is 0`)
  if (scalar >= GROUP_ORDER) throw unrecoverable(`${name} >= group order`)
}

/** Writes the first UTF-8 byte of a character as Go does: `U+007A 'z'`, and `U+000A` where there is nothing to see. */
function describeFirstByte(character: string): string {
  const byte = new TextEncoder().encode(character)[0] ?? 0
  const code = `U+${byte.toString(16).toUpperCase().padStart(4, '0')}`
  const visible = byte >= 0x20 && byte !== 0x7f
  return visible ? `${code} '${String.fromCharCode(byte)}'` : code
}
