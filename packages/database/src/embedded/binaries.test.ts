import assert from 'node:assert/strict'
import { chmod, cp, lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findAccount } from './account.js'
import { findPackage, prepareBinaries } from './binaries.js'

async function newFolder(t: TestContext, mode: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-binaries-'))
  t.after(() => rm(folder, { recursive: true }))
  await chmod(folder, mode)
  return folder
}

/** The programs as they are when npm ran no install scripts. */
async function unpackInto(folder: string): Promise<string> {
  const native = join(folder, 'native')
  const filter = async (path: string) => !(await lstat(path)).isSymbolicLink()
  await cp((await findPackage()).native, native, { recursive: true, filter })
  return native
}

test('the programs run although npm ran no install script', async (t) => {
  const folder = await newFolder(t, 0o755)
  const native = await unpackInto(folder)
  const account = await findAccount(folder)
  const binaries = await prepareBinaries({ native, copy: join(folder, 'copy'), account, log: assert.fail })
  assert.equal(binaries.postgres, join(native, 'bin', 'postgres'))
  assert.ok(binaries.major >= 18)
})

const noRoot = process.getuid?.() !== 0 && 'needs root'
test('what only root can reach is copied once to where the account of PostgreSQL can', { skip: noRoot }, async (t) => {
  const native = await unpackInto(await newFolder(t, 0o700))
  const open = await newFolder(t, 0o755)
  const options = { native, copy: join(open, 'copy'), account: await findAccount(open) }
  const lines: string[] = []
  const both = [1, 2].map(() => prepareBinaries({ ...options, log: (line) => lines.push(line) }))
  for (const { postgres } of await Promise.all(both)) assert.equal(postgres, join(open, 'copy', 'bin', 'postgres'))
  assert.match(lines[0] ?? '', /cannot read/)
})

test('programs that are not there are refused with a way out', async (t) => {
  const folder = await newFolder(t, 0o755)
  const options = { native: join(folder, 'none'), copy: join(folder, 'copy'), account: undefined }
  await assert.rejects(prepareBinaries({ ...options, log: assert.fail }), /do not run here .*COLONIES_DB_HOST/)
})
