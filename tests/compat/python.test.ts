import { join } from 'node:path'
import { before, test } from 'node:test'
import { drive, driveAll } from './drive.js'
import { buildGo, buildMs } from './go-module.js'
import { typesNamedIn } from './outcomes.js'
import { cacheFolder, pythonWithColonies, root } from './pycolonies.js'
import { runWell } from './run.js'

const program = join(root, 'tests', 'compat', 'python', 'drive.py')

const listMethods = `
import inspect
from pycolonies import Colonies
for name, _ in inspect.getmembers(Colonies, inspect.isfunction):
    if not name.startswith("_"):
        print(name)`

const printSource = `
import inspect, pycolonies
print(inspect.getsource(pycolonies))`

let python = ''
before(async () => {
  python = await pythonWithColonies()
})

test('pycolonies 1.0.25, as published, calls all its methods', { timeout: buildMs }, async (t) => {
  const methods = await runWell(python, ['-c', listMethods])
  await driveAll(t, {
    client: 'pycolonies 1.0.25',
    methods,
    sends: typesNamedIn((await runWell(python, ['-c', printSource])).join('\n')),
    unrefused: ['removefilemsg'], // delete_file asks for the file first
    command: python,
    parameters: [program],
    env: await syncLibrary(),
  })
})

/** What pycolonies' `sync` calls is made from the Go module; without it only its absence is checked. */
async function syncLibrary(): Promise<Record<string, string>> {
  if (process.env.COLONIES_COMPAT_GO !== '1') return {}
  const library = join(cacheFolder, 'go', 'libcfslib.so')
  await buildGo(library, 'github.com/colonyos/colonies/internal/cfslib', '-buildmode=c-shared')
  return { CFSLIB: library }
}

test("pycolonies keeps files in another S3 service as in the server's own store", async (t) => {
  await drive(t, { command: python, parameters: [program, '--moto', 'check_files'] })
})
