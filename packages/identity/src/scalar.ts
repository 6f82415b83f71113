// Private keys and the two halves of a signature are numbers below the order of the group. They arrive as 64 hex digits;
// texts of equal length and lower case compare like the numbers they spell, so the range checks need no big integers.

/** A number of 256 bits as 64 lower-case hex digits. */
export type Scalar = string

export const ZERO: Scalar = '0'.repeat(64)

/** How many points the group of secp256k1 has, `n`. */
export const GROUP_ORDER: Scalar = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'

/** The largest `s` of a signature: n / 2, rounded down. */
export const HALF_ORDER: Scalar = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'
