import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { driveAll } from './drive.js'
import { buildGo, buildMs, folderOfModule } from './go-module.js'
import { cacheFolder } from './pycolonies.js'

const asked = process.env.COLONIES_COMPAT_GO === '1'

const options = {
  timeout: buildMs,
  skip: asked ? false : 'npm run test:compat -- --go: compiles for a minute',
}

test('the Go client 1.9.12, as published, calls all its methods', options, async (t) => {
  const command = join(cacheFolder, 'go', 'colonies-compat')
  // What is compiled this way serves the shared library that pycolonies calls as well.
  await buildGo(command, '.', '-buildmode=pie')
  const folder = join(await folderOfModule('github.com/colonyos/colonies'), 'pkg')
  const [client = '', fileSystem = '', rpc = ''] = await Promise.all(
    ['client', 'fs', 'rpc'].map((name) => sourcesOf(join(folder, name))),
  )
  await driveAll(t, {
    client: 'Go client 1.9.12',
    methods: exportedMethods(`${client}\n${fileSystem}`),
    sends: typesSent(client, rpc),
    command,
  })
})

async function sourcesOf(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
  return (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('\n')
}

/** @returns names of all that can be called; a type's as `Type.Method` */
function exportedMethods(text: string): string[] {
  const declarations = [...text.matchAll(/^func (?:\(\w+ \*?(\w+)\) )?([A-Z]\w*)\(/gm)]
  return declarations.flatMap(([, type = 'ColoniesClient', name = '']) => {
    if (type === 'ColoniesClient') return [name]
    return /^[A-Z]/.test(type) ? [`${type}.${name}`] : []
  })
}

/** @param rpc declares a constant for each message type */
function typesSent(client: string, rpc: string): string[] {
  const constants = [...rpc.matchAll(/(\w+PayloadType) = "(\w+)"/g)]
  return constants.filter(([, name]) => client.includes(`rpc.${name}`)).map(([, , type = '']) => type)
}
