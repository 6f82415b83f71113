import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { testColony } from '@colonies/testkit'
import { envelopeOf } from '../access/send.js'

const foreign = 'Origin: https://example.org'
const own = 'Origin: http://localhost'
const text = 'content-type: text/plain; charset=utf-8'
const nobody = '404 page not found'

/** Lines of a request after `Host: localhost`, and what the reply has to have: status, header lines, body. */
type Edge = readonly [request: string, status: number, headers: readonly string[], body?: string | RegExp]

const version = '{"payloadtype":"versionmsg","payload":"eyJtc2d0eXBlIjoidmVyc2lvbm1zZyJ9","signature":""}'
const post = (path: string, body: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\n')

const replies: readonly Edge[] = [
  [post('/api', version), 200, [text], /^{"payloadtype":"versionmsg","payload":"[^"]+","error":false}$/],
  [post('/api?trace=1', version), 200, [text]],
  [post('http://localhost/api', version), 200, [text]],
  [post('/api', version, 'Content-Type: application/x-www-form-urlencoded'), 200, [text]],
  [post('/api', version, 'Expect: 100-continue'), 200, [text]],
  [`POST /api HTTP/1.1\nTransfer-Encoding: chunked\n\n58\n${version}\n0\n`, 200, [text]],
  [`POST /api HTTP/1.0\nContent-Length: 88\n\n${version}`, 200, [text]],

  ['GET /health HTTP/1.1\n', 200, [text, 'content-length: 0'], ''],
  ['GET /health/ready HTTP/1.1\n', 200, [text], 'ready'],
  ['HEAD /health HTTP/1.1\n', 404, [text]],
  ['GET /pubsub HTTP/1.1\n', 400, [text], 'Bad Request'],
  ['GET / HTTP/1.1\n', 404, [text], nobody],
  ['GET /api HTTP/1.1\n', 404, [text], nobody],
  ['PUT /api HTTP/1.1\nContent-Length: 0\n', 404, [text], nobody],
  ['TRACE /api HTTP/1.1\n', 404, [text], nobody],
  ['GET /..%2f..%2fetc%2fpasswd HTTP/1.1\n', 404, [text], nobody],
  ['GET //health HTTP/1.1\n', 404, [text], nobody],
  [post('/API', version), 404, [text], nobody],
  [post('/api/', version), 307, ['location: /api'], ''],

  [post('/api', version, foreign), 200, ['access-control-allow-origin: *']],
  [post('/api', '{', foreign), 400, ['access-control-allow-origin: *']],
  [`GET /nowhere HTTP/1.1\n${foreign}\n`, 404, ['access-control-allow-origin: *'], nobody],
  [`OPTIONS /api HTTP/1.1\n${own}\n`, 404, [text], nobody],
  ['OPTIONS /api HTTP/1.1\n', 404, [text], nobody],
  [
    `OPTIONS /api HTTP/1.1\n${foreign}\nAccess-Control-Request-Method: POST\n`,
    204,
    [
      'access-control-allow-origin: *',
      'access-control-allow-methods: GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS',
      'access-control-allow-headers: Origin,Content-Length,Content-Type',
      'access-control-max-age: 43200',
    ],
    '',
  ],

  ['GET /api HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n', 404, []],
  ['GET /pubsub HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n', 400, []], // without a key
  ['POST /api HTTP/1.1\nContent-Length: -1\n', 400, []],
  ['POST /api HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\nx', 400, []],
  ['POST /api HTTP/1.1\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n', 400, []],
  ['POST /api HTTP/1.1\nTransfer-Encoding: chunked\n\nnot a length\n', 400, []],
  [`GET /health HTTP/1.1\nX: ${'x'.repeat(20_000)}\n`, 431, []],
  ['GET /health HTTP/1.1\nX: a\0b\n', 400, []],
  ['GET /health HTTP/9.9\n', 400, []],
  ['HELLO\n', 400, []],
]

test('HTTP at its edges is answered as it should be, or refused', async (t) => {
  const { server } = await testColony(t)
  for (const [request, status, headers, body] of replies) {
    const [first = '', ...rest] = request.split('\n')
    const reply = await exchange(server.port, [first, 'Host: localhost', 'Connection: close', ...rest, ''].join('\r\n'))
    const what = `${request.slice(0, 200)}\n→ ${reply.slice(0, 500)}`
    const [head = '', ...content] = reply.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n')
    assert.ok(head.startsWith(`HTTP/1.1 ${status} `), what)
    for (const header of headers) assert.ok(head.toLowerCase().includes(header.toLowerCase()), what)
    if (body instanceof RegExp) assert.match(content.join('\r\n\r\n'), body, what)
    else if (body !== undefined) assert.equal(content.join('\r\n\r\n'), body, what)
    if (request.includes(own)) assert.doesNotMatch(head, /access-control/i, what)
  }
})

test('a client that follows redirects may write the path with a slash behind it', async (t) => {
  const { url, name, keys } = await testColony(t)
  const body = envelopeOf('getcolonymsg', { colonyname: name }, keys.user)
  assert.equal((await fetch(`${url}/api/`, { method: 'POST', body })).status, 200)
})

const bodies: readonly (readonly [body: string | Buffer, sentence: string])[] = [
  ['', 'The envelope is invalid JSON: unexpected end of the text, expected a value at position 0'],
  ['hello', 'The envelope is invalid JSON: unexpected "h", expected a value at position 0'],
  ['[]', 'The envelope must be an object, got a list'],
  ['null', 'The envelope must be an object, got null'],
  ['{"payload":1}', 'payload must be a string, got a number'],
  [`\ufeff${version}`, 'The envelope is invalid JSON: unexpected "\ufeff", expected a value at position 0'],
  [version + version, 'The envelope is invalid JSON: unexpected "{", expected nothing after the value at position 88'],
  [gzipSync(version), 'The envelope is invalid JSON: unexpected "\\u001f", expected a value at position 0'],
]

test('a body that is no envelope is refused with what is wrong, and where', async (t) => {
  const { url } = await testColony(t)
  for (const [body, sentence] of bodies) {
    const response = await fetch(`${url}/api`, { method: 'POST', body })
    const { payloadtype, payload, error } = (await response.json()) as Record<string, string>
    assert.deepEqual([response.status, payloadtype, error], [400, 'error', true])
    const refusal = JSON.parse(Buffer.from(payload ?? '', 'base64').toString())
    assert.deepEqual(refusal, { status: 400, message: sentence, code: 'bad_request' })
  }
})

/** Sends text as it is. @returns all that comes until the server ends the connection */
async function exchange(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // the server may end the connection before it has read everything
  socket.write(request)
  let reply = ''
  for await (const chunk of socket.setEncoding('utf8')) reply += chunk
  return reply
}
