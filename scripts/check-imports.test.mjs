import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { checkImports } from './check-imports.mjs'
import { root } from './source-files.mjs'

/**
 * The faults of a repository with these files. Packages whose manifest is not given declare nothing.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} files text by path
 */
function faultsOf(t, files) {
  const folder = mkdtempSync(join(tmpdir(), 'check-imports-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const manifests = Object.keys(files).map((path) => [`${path.split('/').slice(0, 2).join('/')}/package.json`, '{}'])
  for (const [path, text] of Object.entries({ 'package.json': '{}', ...Object.fromEntries(manifests), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return checkImports(folder)
}

/** @param {string[]} names */
const manifest = (...names) => JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '1'])) })

test('a package that declares what it imports, in the allowed direction, is in order', (t) => {
  const faults = faultsOf(t, {
    'packages/core/package.json': manifest('@colonies/protocol'),
    'packages/core/src/index.ts': "import { limits } from '@colonies/protocol'\nexport * from './states.js'\n",
    'packages/core/src/states.ts': '',
    'packages/core/src/states.test.ts':
      "import { test } from 'node:test'\nimport { testColony } from '@colonies/testkit'\nimport * as own from './states.js'\n",
  })
  assert.deepEqual(faults, [])
})

test('an import that no manifest declares is named with file and line', (t) => {
  const faults = faultsOf(t, {
    'packages/server/src/a.ts': "import { join } from 'node:path'\n\nimport pg from 'pg'\n",
  })
  assert.deepEqual(faults, ['packages/server/src/a.ts:3: pg is missing in packages/server/package.json'])
})

test('a dependency that only tests import counts as unused', (t) => {
  const faults = faultsOf(t, {
    'packages/server/package.json': manifest('ws', 'pg'),
    'packages/server/src/a.ts': "const pg = createRequire(import.meta.url)('pg/native.js')\n",
    'packages/server/src/a.test.ts': "import { WebSocket } from 'ws'\n",
  })
  assert.deepEqual(faults, ['packages/server/package.json: ws is a dependency, but nothing in src imports it'])
})

for (const [title, path, line, expected] of /** @type {const} */ ([
  [
    'a client never imports the database',
    'client/src/a.ts',
    "import type { Db } from '@colonies/database'",
    /must not import database/,
  ],
  ['server and client do not meet', 'server/src/a.ts', "import('@colonies/client')", /must not import client/],
  ['protocol stands on nothing', 'protocol/src/a.ts', "export * from '@colonies/core'", /may import no other package/],
  ['nobody reaches into a package', 'core/src/a.ts', "import '@colonies/protocol/dist/limits.js'", /one entry/],
  ['nobody leaves a package by path', 'core/src/a.ts', "import { x } from '../../protocol/src/x.js'", /leaves core/],
  ['what runs in browsers knows no Node', 'client/src/a.ts', "import { readFile } from 'node:fs'", /browsers/],
  [
    'operations do not know loops',
    'server/src/operations/a.ts',
    "import { x } from '../background/x.js'",
    /third folder/,
  ],
  [
    'loops do not know HTTP',
    'server/src/background/a.ts',
    "import type {\n  X,\n} from '../http/x.js'",
    /third folder/,
  ],
])) {
  test(title, (t) => {
    const [fault = '', ...others] = faultsOf(t, { [`packages/${path}`]: `${line}\n` })
    assert.match(fault, expected)
    assert.match(fault, new RegExp(`^packages/${path}:1: `))
    assert.deepEqual(others, [])
  })
}

test('examples may import from each other and from every package, but never into one', (t) => {
  const faults = faultsOf(t, {
    'packages/server/package.json': manifest('ws'),
    'packages/server/src/a.ts': "import 'ws'\n",
    'examples/paper/run.ts': "import '@colonies/server'\nimport 'ws'\n",
    'tests/paper/a.test.ts': "import '../../examples/paper/run.js'\nimport '../../packages/server/src/a.js'\n",
  })
  assert.deepEqual(faults, [
    'tests/paper/a.test.ts:2: ../../packages/server/src/a.js leaves tests; import the package by its name',
  ])
})

test('the part of a package that only Node loads may import from node:', (t) => {
  assert.deepEqual(
    faultsOf(t, { 'packages/identity/src/node/index.ts': "import { createHash } from 'node:crypto'\n" }),
    [],
  )
})

test('a circle of files is found once, types included', (t) => {
  const faults = faultsOf(t, {
    'packages/core/src/a.ts': "import type { B } from './b.js'\n",
    'packages/core/src/b.ts': "export { c } from './c.js'\n",
    'packages/core/src/c.ts': "import { a } from './a.js'\nimport { d } from './d.js'\n",
    'packages/core/src/d.ts': '',
  })
  const files = ['a', 'b', 'c', 'a'].map((name) => `packages/core/src/${name}.ts`)
  assert.deepEqual(faults, [`import cycle: ${files.join(' → ')}`])
})

test('comments and texts are not imports', (t) => {
  const text = "/*\nimport { a } from 'a'\n*/\n// import { b } from 'b'\nexport const c = \"import from 'c'\"\n"
  assert.deepEqual(faultsOf(t, { 'packages/core/src/a.ts': text }), [])
})

test('every package of this repository has a line in the table', async () => {
  const { mayImport } = await import('./import-rules.mjs')
  const { readdirSync } = await import('node:fs')
  for (const name of readdirSync(join(root, 'packages'))) assert.ok(name in mayImport, `${name} is missing`)
})
