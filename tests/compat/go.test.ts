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
  await driveAll(t, { client: 'Go client 1.9.12', methods: await exportedMethods(), command })
})

/** @returns names of all that two packages export to be called, read from their sources; a type's as `Type.Method` */
async function exportedMethods(): Promise<string[]> {
  const folder = await folderOfModule('github.com/colonyos/colonies')
  const methods: string[] = []
  for (const path of ['client', 'fs'].map((name) => join(folder, 'pkg', name))) {
    const files = (await readdir(path)).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
    for (const file of files) methods.push(...methodsIn(await readFile(join(path, file), 'utf8')))
  }
  return methods
}

function methodsIn(text: string): string[] {
  const declarations = [...text.matchAll(/^func (?:\(\w+ \*?(\w+)\) )?([A-Z]\w*)\(/gm)]
  return declarations.flatMap(([, type = 'ColoniesClient', name = '']) => {
    if (type === 'ColoniesClient') return [name]
    return /^[A-Z]/.test(type) ? [`${type}.${name}`] : []
  })
}
