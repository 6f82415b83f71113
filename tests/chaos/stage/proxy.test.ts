import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { nowMs } from '../clock.js'
import { type Break, Link } from './proxy.js'

/** A server that sends back what it gets, and says what that was. */
async function echo(t: TestContext) {
  const server = createServer((socket) =>
    socket.on('data', (chunk) => server.emit('got', chunk) && socket.write(chunk)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const link = await Link.to({ host: '127.0.0.1', port: address.port })
  const socket = connect(link.port, '127.0.0.1')
  await once(socket, 'connect')
  t.after(async () => {
    socket.destroy()
    await link.close()
    server.close()
  })
  server.on('got', () => {})
  return { server, link, socket }
}

const silence = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'silence')) // sleeps: to see that nothing comes

const cases: { how: Break; arrives: boolean; answered: boolean }[] = [
  { how: 'cut', arrives: false, answered: false },
  { how: 'no requests', arrives: false, answered: false },
  { how: 'no answers', arrives: true, answered: false },
  { how: 'slow', arrives: true, answered: true },
]

for (const { how, arrives, answered } of cases) {
  test(`a link that is ${how}: what was sent arrives in the end`, async (t) => {
    const { server, link, socket } = await echo(t)
    socket.write('a')
    assert.equal(String((await once(socket, 'data'))[0]), 'a')
    link.break(how)
    const sent = nowMs()
    const [arrived, answer] = [once(server, 'got'), once(socket, 'data')]
    socket.write('b')
    assert.equal((await Promise.race([arrived, silence(900)])) === 'silence', !arrives)
    assert.equal((await Promise.race([answer, silence(900)])) === 'silence', !answered)
    if (how === 'slow') assert.ok(nowMs() - sent > 500, 'slow both ways')
    link.heal()
    assert.equal(String((await answer)[0]), 'b')
  })
}

test('a link that is reset ends its connections and takes new ones', async (t) => {
  const { link, socket } = await echo(t)
  const closed = once(socket, 'close')
  link.reset()
  await closed
  const again = connect(link.port, '127.0.0.1')
  again.write('c')
  assert.equal(String((await once(again, 'data'))[0]), 'c')
  again.destroy()
})
