/** secp256k1 on bytes. Its callers have checked every length and range. */
export interface Curve {
  /** @returns the uncompressed public key, 65 bytes */
  publicKey(privateKey: Uint8Array): Uint8Array

  /**
   * Signs 32 bytes with the nonce of RFC 6979, so that every implementation makes the same signature.
   *
   * @returns r, s (low) and the recovery id; 65 bytes
   */
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array

  /**
   * Finds the key that made a signature.
   *
   * @param rs r and s; 64 bytes
   * @returns the uncompressed public key, 65 bytes; undefined when no key can have made the signature
   */
  recover(digest: Uint8Array, rs: Uint8Array, recoveryId: 0 | 1): Uint8Array | undefined
}

/** Where the mathematics is done; all else in this package is the same everywhere. */
export interface Cryptography {
  kind: 'native' | 'javascript'
  curve: Curve

  /** @returns SHA3-256 (FIPS 202, not Keccak-256) of the text in UTF-8; 32 bytes */
  sha3(text: string): Uint8Array

  /** @returns the same as 64 lower-case hex digits */
  sha3Hex(text: string): string

  /** @returns two lower-case hex digits for each byte */
  toHex(bytes: Uint8Array): string

  /** @param hex an even number of hex digits, which has been checked */
  fromHex(hex: string): Uint8Array
}
