import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createClient } from '@colonies/client'
import { sql, storeUsage } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { type TestColony, testColony } from '@colonies/testkit'
import { AwsClient } from 'aws4fetch'

/** A member's way to the store of its colony. */
interface Storage {
  send(method: string, path: string, init?: RequestInit): Promise<Response>
  put(key: string, body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<Response>
  get(key: string, headers?: Record<string, string>): Promise<Response>
}

async function storageOf(
  colony: Pick<TestColony, 'name' | 'url'>,
  member: { getStore: TestColony['user']['getStore'] },
): Promise<Storage> {
  const { accesskey, secretkey, region, bucket } = await member.getStore({ colonyname: colony.name })
  const keys = { accessKeyId: accesskey, secretAccessKey: secretkey, region, service: 's3', retries: 0 }
  const aws = new AwsClient(keys)
  const send: Storage['send'] = (method, path, init = {}) => aws.fetch(`${colony.url}${path}`, { ...init, method })
  return {
    send,
    put: (key, body, headers = {}) => send('PUT', `/${bucket}/${key}`, { body, headers }),
    get: (key, headers = {}) => send('GET', `/${bucket}/${key}`, { headers }),
  }
}

async function start(t: TestContext, env: Record<string, string> = {}) {
  const colony = await testColony(t, { env })
  const storage = await storageOf(colony, colony.user)
  const folder = join(tmpdir(), `colonies-objects-${colony.database.config.database}`)
  const files = async () =>
    (await readdir(folder, { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path)).length
  return { colony, storage, files }
}

async function codeOf(response: Response): Promise<string | undefined> {
  return /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]
}

test('an object is read back as it was stored, whole and in part, with what was said about it', async (t) => {
  const { storage } = await start(t)
  const content = randomBytes(300_000)
  const stored = await storage.put('a/b%20c', new Uint8Array(content), {
    'content-type': 'image/png',
    'x-amz-meta-kind': 'noise',
  })
  assert.equal(stored.status, 200)
  const whole = await storage.get('a/b%20c')
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), content)
  assert.equal(whole.headers.get('etag'), stored.headers.get('etag'))
  assert.equal(whole.headers.get('content-type'), 'image/png')
  assert.equal(whole.headers.get('x-amz-meta-kind'), 'noise')
  assert.match(whole.headers.get('content-security-policy') ?? '', /sandbox/)
  const part = await storage.get('a/b%20c', { range: 'bytes=100-199' })
  assert.equal(part.status, 206)
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), content.subarray(100, 200))
})

test('twenty that store under one key at once leave one object, one file, and an exact sum', async (t) => {
  const { colony, storage, files } = await start(t)
  const contents = Array.from({ length: 20 }, (_, index) => `${index}:`.padEnd(1000 + index, 'x'))
  const replies = await Promise.all(contents.map((content) => storage.put('one', content)))
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  const content = await (await storage.get('one')).text()
  assert.ok(contents.includes(content))
  assert.equal(await files(), 1)
  assert.equal(await storeUsage(colony.db, await keyOf(colony)), BigInt(content.length))
})

test('only one of twenty stores where nothing may be yet', async (t) => {
  const { storage } = await start(t)
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => storage.put('once', String(index), { 'if-none-match': '*' })),
  )
  assert.equal(replies.filter(({ status }) => status === 200).length, 1)
  assert.equal(replies.filter(({ status }) => status === 412).length, 19)
})

test('what is over the quota is refused, and leaves nothing behind', async (t) => {
  const { storage, files, colony } = await start(t, { COLONIES_STORE_QUOTA: '1000' })
  assert.equal((await storage.put('fits', 'x'.repeat(900))).status, 200)
  assert.equal(await codeOf(await storage.put('too-much', 'x'.repeat(101))), 'QuotaExceeded')
  assert.equal(await files(), 1)
  await storage.send('DELETE', '/colonies/fits')
  assert.equal((await storage.put('too-much', 'x'.repeat(101))).status, 200)
  assert.equal(await storeUsage(colony.db, await keyOf(colony)), 101n)
})

test('a file of 0 bytes whose object nobody stored is read as an object without bytes', async (t) => {
  const { colony, storage } = await start(t)
  const add = (name: string, size: number) => {
    const ref = { protocol: 's3', s3object: { bucket: 'colonies', object: name } }
    return colony.user.addFile({ file: { colonyname: colony.name, label: '/data', name, size, ref } })
  }
  const { fileid } = await add('empty', 0)
  await add('lost', 1)
  const read = await storage.get('empty')
  assert.equal(read.status, 200)
  assert.equal(await read.text(), '')
  assert.equal(read.headers.get('etag'), '"d41d8cd98f00b204e9800998ecf8427e"')
  assert.equal((await storage.send('HEAD', '/colonies/empty')).headers.get('content-length'), '0')
  assert.equal(await codeOf(await storage.get('lost')), 'NoSuchKey')
  assert.equal(await codeOf(await storage.send('GET', '/nowhere/lost')), 'NoSuchBucket')
  await colony.user.removeFile({ colonyname: colony.name, fileid })
  assert.equal(await codeOf(await storage.get('empty')), 'NoSuchKey')
})

test('a member of another colony sees nothing of it, and a removed member nothing at all', async (t) => {
  const { colony, storage } = await start(t)
  await storage.put('secret', 'of dev')
  const owner = generatePrivateKey()
  const other = { name: 'other', url: colony.url }
  await colony.serverOwner.addColony({ colony: { name: 'other', colonyid: identityOf(owner) } })
  const key = generatePrivateKey()
  const ownerClient = createClient({ endpoint: colony.url, privateKey: owner })
  await ownerClient.addUser({ user: { colonyname: 'other', userid: identityOf(key), name: 'eve' } })
  const eve = createClient({ endpoint: colony.url, privateKey: key })
  const theirs = await storageOf(other, eve)
  assert.equal(await codeOf(await theirs.get('secret')), 'NoSuchKey')
  assert.equal((await theirs.put('own', '1')).status, 200)
  await ownerClient.removeUser({ colonyname: 'other', name: 'eve' })
  // Another replica may remember rights for a second.
  const last = performance.now() + 1_500
  let code = await codeOf(await theirs.get('own'))
  while (code === undefined && performance.now() < last) code = await codeOf(await theirs.get('own'))
  assert.equal(code, 'InvalidAccessKeyId')
})

test('a request that was changed on its way is refused', async (t) => {
  const { colony, storage } = await start(t)
  await storage.put('a', '1')
  const { accesskey, secretkey } = await colony.user.getStore({ colonyname: colony.name })
  const aws = new AwsClient({ accessKeyId: accesskey, secretAccessKey: secretkey, service: 's3', region: 'us-east-1' })
  const signed = await aws.sign(`${colony.url}/colonies/a`, { method: 'DELETE' })
  const elsewhere = await fetch(`${colony.url}/colonies/b`, { method: 'DELETE', headers: signed.headers })
  assert.equal(await codeOf(elsewhere), 'SignatureDoesNotMatch')
  const link = await aws.sign(`${colony.url}/colonies/c`, { method: 'PUT', aws: { signQuery: true } })
  const copy = await fetch(link.url, { method: 'PUT', headers: { 'x-amz-copy-source': '/colonies/a' } })
  assert.equal(await codeOf(copy), 'AccessDenied')
  assert.equal((await storage.get('a')).status, 200)
})

test('a signature that cannot be right is refused as such, whatever it names', async (t) => {
  const { colony } = await start(t)
  const { accesskey } = await colony.user.getStore({ colonyname: colony.name })
  const ask = async (time: string, signedHeaders: string) => {
    const scope = `${accesskey}/${time.slice(0, 8)}/us-east-1/s3/aws4_request`
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`
    return codeOf(await fetch(`${colony.url}/colonies/a`, { headers: { authorization, 'x-amz-date': time } }))
  }
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  assert.equal(await ask(now, 'host;x-amz-date;constructor;__proto__'), 'SignatureDoesNotMatch')
  assert.equal(await ask('20269999T999999Z', 'host;x-amz-date'), 'AccessDenied')
  assert.equal(await ask('20200101T000000Z', 'host;x-amz-date'), 'RequestTimeTooSkewed')
})

test('parts become one object, and are gone afterwards', async (t) => {
  const { storage, files, colony } = await start(t)
  const begun = await (await storage.send('POST', '/colonies/large?uploads')).text()
  const uploadId = /<UploadId>(\w+)</.exec(begun)?.[1] ?? ''
  const parts = [randomBytes(5 * 1024 * 1024), randomBytes(100)]
  const etags: string[] = []
  for (const [index, part] of parts.entries()) {
    const path = `/colonies/large?partNumber=${index + 1}&uploadId=${uploadId}`
    etags.push((await storage.send('PUT', path, { body: new Uint8Array(part) })).headers.get('etag') ?? '')
  }
  const listed = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
  const document = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`
  const completed = await storage.send('POST', `/colonies/large?uploadId=${uploadId}`, { body: document })
  assert.equal(completed.status, 200, await completed.text())
  const content = Buffer.from(await (await storage.get('large')).arrayBuffer())
  assert.ok(content.equals(Buffer.concat(parts)))
  assert.equal(await files(), 1)
  assert.equal(await storeUsage(colony.db, await keyOf(colony)), BigInt(content.length))
})

test('a list has pages and groups', async (t) => {
  const { storage } = await start(t)
  for (const key of ['a', 'dir/1', 'dir/2', 'dir/sub/3', 'dirx', 'z']) await storage.put(key, key)
  const seen: string[] = []
  for (let token = ''; ; ) {
    const query = `list-type=2&delimiter=%2F&max-keys=2${token && `&continuation-token=${encodeURIComponent(token)}`}`
    const page = await (await storage.send('GET', `/colonies?${query}`)).text()
    seen.push(...[...page.matchAll(/<(?:Key|CommonPrefixes><Prefix)>([^<]*)</g)].map(([, name = '']) => name))
    token = /<NextContinuationToken>([^<]*)</.exec(page)?.[1] ?? ''
    if (token === '') break
  }
  assert.deepEqual(seen.sort(), ['a', 'dir/', 'dirx', 'z'])
})

test('what one replica stores the other one gives', async (t) => {
  const { colony, storage } = await start(t)
  const second = await colony.anotherReplica()
  await storage.put('shared', 'by the first')
  const { user, name } = colony
  const there = await storageOf({ name, url: second.url }, { getStore: (input) => user.getStore(input) })
  assert.equal(await (await there.get('shared')).text(), 'by the first')
})

async function keyOf({ db, name }: TestColony): Promise<number> {
  const row = await db.one<{ colony_key: number }>(sql`select colony_key from colonies where name = ${name}`)
  return row?.colony_key ?? 0
}
