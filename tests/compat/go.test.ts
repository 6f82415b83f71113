import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { drive } from './drive.js'
import { cacheFolder, root } from './pycolonies.js'
import { runWell } from './run.js'

const asked = process.env.COLONIES_COMPAT_GO === '1'

const options = {
  timeout: 600_000,
  skip: asked ? false : 'npm run test:compat -- --go: needs Go 1.24 or newer, and compiles for a minute',
}

const source = join(root, 'tests', 'compat', 'go')
const module = 'github.com/colonyos/colonies'

/** Go is never fetched by itself: what is installed compiles, or tells that it is too old. */
const env = { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' }

test('the Go client 1.9.12, as published, calls all its methods', options, async (t) => {
  const program = join(cacheFolder, 'go', 'colonies-compat')
  await runWell('go', ['build', '-C', source, '-o', program, '.'], env)
  await drive(t, { client: 'Go client 1.9.12', command: program, methods: await exportedMethods() })
})

/** @returns names of all that package client exports to be called, read from its sources; a type's as `Type.Method` */
async function exportedMethods(): Promise<string[]> {
  const [folder = ''] = await runWell('go', ['list', '-C', source, '-m', '-f', '{{.Dir}}', module], env)
  const client = join(folder, 'pkg', 'client')
  const files = (await readdir(client)).filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'))
  const texts = await Promise.all(files.map((file) => readFile(join(client, file), 'utf8')))
  const declaration = /^func (?:\(\w+ \*?([A-Z]\w*)\) )?([A-Z]\w*)\(/gm
  return texts
    .flatMap((text) => [...text.matchAll(declaration)])
    .map(([, type, name = '']) => (type === undefined || type === 'ColoniesClient' ? name : `${type}.${name}`))
}
