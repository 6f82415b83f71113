import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumFor } from './checksums.js'

// The check values of RFC 3720 (CRC-32C) and of the catalogue of CRCs, over the digits 1 to 9.
const known = [
  ['x-amz-checksum-crc32', 'cbf43926'],
  ['x-amz-checksum-crc32c', 'e3069283'],
] as const

for (const [header, hex] of known) {
  test(`${header} of 123456789 is ${hex}, however it is cut`, () => {
    for (const cut of [0, 1, 4, 9]) {
      const checksum = checksumFor(header)
      checksum?.update(Buffer.from('123456789').subarray(0, cut))
      checksum?.update(Buffer.from('123456789').subarray(cut))
      assert.equal(Buffer.from(checksum?.result() ?? '', 'base64').toString('hex'), hex)
    }
  })
}
