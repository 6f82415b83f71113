import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { readBody } from './s3-body.js'
import { S3Error } from './s3-errors.js'
import type { Credential } from './s3-signature.js'

const key = Buffer.from('a key of one day')
const seed = 'a'.repeat(64)
const scope = '20261121/eu-north-1/s3/aws4_request'
const time = '20261121T101500Z'

const credential = (payload: string): Credential => ({
  accessKey: 'C1-x',
  scope,
  signedHeaders: ['host'],
  signature: seed,
  time,
  expiresSeconds: undefined,
  payload,
})

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

function signChunk(before: string, content: Uint8Array): string {
  const text = ['AWS4-HMAC-SHA256-PAYLOAD', time, scope, before, sha256(''), sha256(content)].join('\n')
  return createHmac('sha256', key).update(text).digest('hex')
}

/** As clients frame a body of these chunks. */
function framed(chunks: Uint8Array[]): Buffer {
  let before = seed
  const parts = [...chunks, new Uint8Array()].map((chunk) => {
    before = signChunk(before, chunk)
    return Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)};chunk-signature=${before}\r\n`),
      chunk,
      Buffer.from(chunk.length > 0 ? '\r\n' : '\r\n'),
    ])
  })
  return Buffer.concat(parts)
}

/** In pieces of a few bytes, so that every border is crossed. */
async function* inPieces(body: Uint8Array, size: number) {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}

interface Sent {
  headers?: Record<string, string>
  payload: string
  piece?: number
  bytesMax?: number
}

async function read(
  body: Uint8Array,
  { headers = {}, payload, piece = 7, bytesMax = 1_000_000 }: Sent,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  const options = { headers, credential: credential(payload), key, bytesMax }
  for await (const part of readBody(inPieces(body, piece), options)) parts.push(part)
  return Buffer.concat(parts)
}

const refusedWith = (code: string) => (error: unknown) => error instanceof S3Error && error.code === code

describe('a body that comes as it is', () => {
  const content = Buffer.from('hello, colony')
  const length = { 'content-length': String(content.length) }

  test('is read when its length and its hash are those that were announced', async () => {
    assert.deepEqual(await read(content, { headers: length, payload: sha256(content) }), content)
  })

  test('is refused with another hash, another length, another checksum, or no length', async () => {
    const payload = sha256('something else')
    await assert.rejects(read(content, { headers: length, payload }), refusedWith('XAmzContentSHA256Mismatch'))
    const longer = { 'content-length': '14' }
    await assert.rejects(read(content, { headers: longer, payload: 'UNSIGNED-PAYLOAD' }), refusedWith('IncompleteBody'))
    const md5 = { ...length, 'content-md5': createHash('md5').update('x').digest('base64') }
    await assert.rejects(read(content, { headers: md5, payload: 'UNSIGNED-PAYLOAD' }), refusedWith('BadDigest'))
    const chunked = { 'transfer-encoding': 'chunked' }
    await assert.rejects(
      read(content, { headers: chunked, payload: 'UNSIGNED-PAYLOAD' }),
      refusedWith('MissingContentLength'),
    )
  })

  test('is refused before its first byte when it is announced as too long', async () => {
    const sent = { headers: length, payload: 'UNSIGNED-PAYLOAD', bytesMax: 12 }
    await assert.rejects(read(content, sent), refusedWith('EntityTooLarge'))
  })
})

describe('a body in signed chunks', () => {
  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const chunks = ['first', 'second chunk', 'x'.repeat(1000)].map((text) => Buffer.from(text))
  const content = Buffer.concat(chunks)
  const headers = { 'x-amz-decoded-content-length': String(content.length) }

  for (const piece of [1, 2, 13, 100_000]) {
    test(`is put together, in pieces of ${piece} bytes`, async () => {
      assert.deepEqual(await read(framed(chunks), { headers, payload, piece }), content)
    })
  }

  test('is refused when one byte was changed on the way, or a chunk left out', async () => {
    const changed = framed(chunks)
    changed[changed.indexOf('second')] = 'S'.charCodeAt(0)
    await assert.rejects(read(changed, { headers, payload }), refusedWith('SignatureDoesNotMatch'))
    const [first, , third] = chunks
    const all = framed(chunks)
    const cut = all.subarray(0, all.indexOf('second') - 90)
    await assert.rejects(read(cut, { headers, payload }), S3Error)
    const other = framed([first ?? Buffer.of(), third ?? Buffer.of()])
    await assert.rejects(read(other, { headers, payload }), refusedWith('IncompleteBody'))
  })

  test('is refused when it is not framed at all', async () => {
    await assert.rejects(read(Buffer.from('no frame\r\n'), { headers, payload }), refusedWith('InvalidArgument'))
    await assert.rejects(read(Buffer.alloc(10_000, 'f'), { headers, payload }), refusedWith('InvalidArgument'))
  })
})

describe('a body with its checksum behind it', () => {
  const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const content = Buffer.from('some bytes, 22 of them')
  const headers = { 'x-amz-decoded-content-length': '22', 'x-amz-trailer': 'x-amz-checksum-crc32' }
  const framedWith = (checksum: string) =>
    Buffer.from(`16\r\n${content}\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`)
  const right = Buffer.alloc(4)
  right.writeUInt32BE(crc32(content))

  test('is read when the checksum is right', async () => {
    assert.deepEqual(await read(framedWith(right.toString('base64')), { headers, payload }), content)
  })

  test('is refused when it is not, or does not come', async () => {
    await assert.rejects(read(framedWith('AAAAAA=='), { headers, payload }), refusedWith('BadDigest'))
    const none = Buffer.from(`16\r\n${content}\r\n0\r\n\r\n`)
    await assert.rejects(read(none, { headers, payload }), refusedWith('InvalidDigest'))
  })
})
