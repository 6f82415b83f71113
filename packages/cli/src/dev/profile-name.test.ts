import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { devProfileName } from './profile-name.js'

test('the profile of a server that runs stays, and one of the same keys or of a server that is gone is taken over', async () => {
  const asked: (string | undefined)[] = []
  const running = createServer((request, response) => {
    asked.push(request.url)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(running, 'listening')
  const server = `http://127.0.0.1:${(running.address() as AddressInfo).port}`
  const profiles = { dev: { server, serverprvkey: 'first' } }
  const second = { url: 'http://127.0.0.1:50081', serverKey: 'second' }
  assert.equal(await devProfileName({ profiles: {} }, second), 'dev')
  assert.equal(await devProfileName({ profiles }, { ...second, serverKey: 'first' }), 'dev')
  assert.deepEqual(asked, [])
  assert.equal(await devProfileName({ profiles }, second), 'dev-50081')
  assert.deepEqual(asked, ['/health'])
  running.close()
  running.closeAllConnections()
  await once(running, 'close')
  assert.equal(await devProfileName({ profiles }, second), 'dev')
})
