import { join } from 'node:path'
import { test } from 'node:test'
import { drive } from './drive.js'
import { pythonWithColonies, root } from './pycolonies.js'
import { runWell } from './run.js'

/** Methods of pycolonies for parts of the protocol that this server does not have yet. */
const notYet = /cron|generator|file|snapshot|channel|blueprint|upload|download|sync/

test('pycolonies 1.0.25, as published, calls all its methods', async (t) => {
  const python = await pythonWithColonies()
  const listMethods = `
import inspect
from pycolonies import Colonies
for name, _ in inspect.getmembers(Colonies, inspect.isfunction):
    if not name.startswith("_"):
        print(name)`
  const methods = (await runWell(python, ['-c', listMethods])).filter((method) => !notYet.test(method))
  const program = join(root, 'tests', 'compat', 'python', 'drive.py')
  await drive(t, { client: 'pycolonies 1.0.25', command: python, parameters: [program], methods })
})
