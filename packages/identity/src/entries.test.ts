import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import * as web from './index.js'
import * as node from './node/index.js'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

test('both entries export the same names', () => {
  const sameTypes: typeof web = node
  assert.deepEqual(Object.keys(sameTypes), Object.keys(web))
})

test('Node gets native cryptography', async () => {
  assert.equal(await cryptographyOfProcess({}), 'native')
})

test('COLONIES_CRYPTO=javascript keeps native code away', async () => {
  assert.equal(await cryptographyOfProcess({ COLONIES_CRYPTO: 'javascript' }), 'javascript')
})

test('a machine without a build of the native addon says so, and still signs the same', async (t) => {
  const empty = await mkdtemp(join(tmpdir(), 'no-prebuild-'))
  t.after(() => rm(empty, { recursive: true }))
  assert.equal(await cryptographyOfProcess({ SECP256K1_PREBUILD: empty }), 'javascript')
})

test('a bundle for browsers has no code for Node in it, and signs the same', async () => {
  const bundle = await build({
    stdin: { contents: `export * from '@colonies/identity'`, resolveDir: packageFolder },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
  })
  const nodeOnly = Object.keys(bundle.metafile.inputs).filter((file) =>
    /dist\/node\/|node_modules\/secp256k1\//.test(file),
  )
  assert.deepEqual(nodeOnly, [])

  const code = bundle.outputFiles[0]?.text ?? ''
  assert.doesNotMatch(code, /node:|createRequire/)
  const loaded = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as typeof web
  assert.equal(loaded.cryptography, 'javascript')
  const key = loaded.generatePrivateKey()
  assert.equal(loaded.sign('hello', key), node.sign('hello', key))
})

/** Starts a process which imports this package by its name, as others do, and says what it got. */
async function cryptographyOfProcess(env: Record<string, string>): Promise<string> {
  const script = `
    import { createSigner, cryptography, recoverIdentity } from '@colonies/identity'
    const signer = createSigner('1'.repeat(64))
    if (recoverIdentity('hello', signer.sign('hello')) !== signer.id) throw new Error('not the same')
    console.log(cryptography)`
  const { COLONIES_CRYPTO, SECP256K1_PREBUILD, ...inherited } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: packageFolder,
    env: { ...inherited, ...env },
    timeout: 20_000,
  })
  return stdout.trim()
}
