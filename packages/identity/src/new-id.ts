import { bytesToHex } from '@noble/hashes/utils.js'

const RANDOM_BYTES = 26

// One call to the system for 256 ids: such a call costs more than the id itself.
const pool = new Uint8Array(256 * RANDOM_BYTES)
let used = pool.length

/**
 * Makes an id for a process, function, log and so on: nobody can guess it, and ids of later milliseconds sort after
 * earlier ones, so that new rows lie side by side in an index.
 *
 * @param nowMs Unix time in milliseconds
 * @returns 64 lower-case hex digits: 12 of time, 52 random
 */
export function newId(nowMs: number = Date.now()): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const random = bytesToHex(pool.subarray(used, used + RANDOM_BYTES))
  used += RANDOM_BYTES
  return Math.floor(nowMs).toString(16).padStart(12, '0') + random
}

/** Whether a text is an id, of an identity or of a thing: 64 lower-case hex digits. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}
