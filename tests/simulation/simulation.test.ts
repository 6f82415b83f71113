import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { simulateMany } from './many.js'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('every promise holds in a hundred histories', async () => {
  const { broken, histories } = await simulateMany({ from: 1, count: 100, workers: 2 })
  assert.deepEqual(
    broken.map(({ seed, faults }) => ({ seed, faults })),
    [],
  )
  assert.equal(histories, 100)
})

test('a seed is the same history again, event by event', async () => {
  const parameters = ['--import', new URL('register.js', import.meta.url).href, path('main.js'), '--seed', '7']
  const [one, other] = await Promise.all([1, 2].map(() => promisify(execFile)(process.execPath, parameters)))
  assert.ok((one?.stdout.split('\n').length ?? 0) > 50)
  assert.equal(one?.stdout, other?.stdout)
})
