import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A checksum that is made while bytes pass. */
export interface Checksum {
  update(chunk: Uint8Array): void
  /** In base64. */
  result(): string
}

const makers: Record<string, () => Checksum> = {
  'content-md5': () => ofHash(createHash('md5')),
  'x-amz-checksum-sha1': () => ofHash(createHash('sha1')),
  'x-amz-checksum-sha256': () => ofHash(createHash('sha256')),
  'x-amz-checksum-crc32': () => ofCrc((chunk, before) => crc32(chunk, before)),
  'x-amz-checksum-crc32c': () => ofCrc(crc32c),
}

/** Names of the headers, in lower case, by which a client may say what arrives. */
export const checksumHeaders = Object.keys(makers)

/** @returns undefined for a header that is not of `checksumHeaders` */
export function checksumFor(header: string): Checksum | undefined {
  return makers[header]?.()
}

function ofHash(hash: Hash): Checksum {
  return { update: (chunk) => void hash.update(chunk), result: () => hash.digest('base64') }
}

function ofCrc(next: (chunk: Uint8Array, before: number) => number): Checksum {
  let crc = 0
  return {
    update(chunk) {
      crc = next(chunk, crc)
    },
    result() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(crc >>> 0)
      return bytes.toString('base64')
    },
  }
}

/** CRC of the Castagnoli polynomial (RFC 3720, appendix B.4), which Node does not have. */
function crc32c(chunk: Uint8Array, before: number): number {
  let crc = ~before
  for (const byte of chunk) crc = (castagnoli[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

const castagnoli = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
