import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AbortedError } from '@colonies/client'
import { type TestColony, testColony } from '@colonies/testkit'
import { ColonyFs, FileError, labelOfFolder, type SyncPlan } from './index.js'
import { partialName } from './local-files.js'

interface Desk {
  colony: TestColony
  /** A folder of its own, as on another machine. */
  folder(): Promise<{ dir: string; files: ColonyFs }>
}

async function start(t: TestContext, env: Record<string, string> = {}): Promise<Desk> {
  const colony = await testColony(t, { env })
  return {
    colony,
    async folder() {
      const home = await mkdtemp(join(tmpdir(), 'colonyfs-'))
      const { user: client, name: colonyname, url: server } = colony
      const files = new ColonyFs({ client, colonyname, server, env: {}, stateDir: join(home, 'state') })
      t.after(async () => {
        await files.close()
        await rm(home, { recursive: true, force: true })
      })
      return { dir: join(home, 'work'), files }
    },
  }
}

/** Writes files given by path; folders are made. */
async function write(dir: string, contents: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(join(dir, path, '..'), { recursive: true })
    await writeFile(join(dir, path), content)
  }
}

/** All files of a folder by path, but for the one with the label. */
async function read(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name !== '.cfs')
    .map((entry) => join(entry.parentPath, entry.name))
  const contents = await Promise.all(
    paths.map(async (path) => [path.slice(dir.length + 1), await readFile(path, 'latin1')]),
  )
  return Object.fromEntries(contents.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}

const sync = async (files: ColonyFs, dir: string, options: { keepLocal?: boolean; deletions?: boolean } = {}) => {
  const plan = await files.planSync({ dir, label: '/data', keepLocal: true, deletions: false, ...options })
  assert.deepEqual(await files.applySync(plan), [])
  return actionsOf(plan)
}

const actionsOf = ({ changes }: SyncPlan) => changes.map(({ action, path }) => `${action} ${path}`)

test('two folders on two machines become the same, whatever their files are', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  const contents = { a: 'a', 'empty.txt': '', 'only/sub/labels/x y+ü.txt': 'x', 'b/large': randomBytes(300_000) }
  await write(one.dir, contents)
  assert.equal((await sync(one.files, one.dir)).length, 4)
  await sync(two.files, two.dir)
  assert.deepEqual(await read(two.dir), await read(one.dir))
  assert.deepEqual(await sync(two.files, two.dir), [])
  assert.equal(await labelOfFolder(two.dir), '/data')
})

test('a file larger than one part is stored in parts, and comes back as it was', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  const content = randomBytes(70 * 1024 * 1024)
  await write(one.dir, { large: content })
  await sync(one.files, one.dir)
  await sync(two.files, two.dir)
  assert.ok(content.equals(await readFile(join(two.dir, 'large'))))
})

test('the side that changed since the last sync wins, and what both changed is kept here or there as asked', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { here: '1', there: '1', both: '1' })
  await sync(one.files, one.dir)
  await sync(two.files, two.dir)
  await write(one.dir, { there: '2', both: 'of one' })
  await sync(one.files, one.dir)
  await write(two.dir, { here: '2', both: 'of two' })
  const plan = await two.files.planSync({ dir: two.dir, label: '/data', keepLocal: false, deletions: false })
  assert.deepEqual(actionsOf(plan), ['download both', 'upload here', 'download there'])
  assert.deepEqual(
    plan.changes.map(({ conflict }) => conflict),
    [true, false, false],
  )
  await two.files.applySync(plan)
  assert.deepEqual(await read(two.dir), { both: 'of one', here: '2', there: '2' })
})

test('what was removed comes back, or is removed on the other side where that is asked for', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { stays: '1', goes: '2', changed: '3' })
  await sync(one.files, one.dir)
  await sync(two.files, two.dir)
  await rm(join(one.dir, 'goes'))
  await rm(join(one.dir, 'changed'))
  await write(two.dir, { changed: '4' })
  await sync(two.files, two.dir)
  assert.deepEqual(await sync(one.files, one.dir, { deletions: true }), ['download changed', 'remove-remote goes'])
  assert.deepEqual(await sync(two.files, two.dir, { deletions: true }), ['remove-local goes'])
  assert.deepEqual(await read(two.dir), { changed: '4', stays: '1' })
})

test('a plan that somebody was faster than overwrites nothing', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { a: 'of one', b: '1' })
  const late = await one.files.planSync({ dir: one.dir, label: '/data', keepLocal: true, deletions: false })
  await write(two.dir, { a: 'of two' })
  await sync(two.files, two.dir)
  await write(one.dir, { b: 'changed since' })
  const failures = await one.files.applySync(late)
  assert.deepEqual(failures.map(({ path }) => path).sort(), ['a', 'b'])
  assert.equal((await one.files.find({ label: '/data', name: 'a' })).size, 'of two'.length)
})

test('an interrupted download goes on where it was, and half a file is never taken for a whole one', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  const content = randomBytes(400_000)
  await write(one.dir, { a: content })
  await sync(one.files, one.dir)
  const { fileid } = await one.files.find({ label: '/data', name: 'a' })
  const partial = partialName('a', fileid)
  await write(two.dir, { [partial]: content })
  await truncate(join(two.dir, partial), 150_000)
  const bytes: number[] = []
  const plan = await two.files.planSync({ dir: two.dir, label: '/data', keepLocal: true, deletions: false })
  assert.deepEqual(actionsOf(plan), ['download a'])
  await two.files.applySync(plan, { onProgress: ({ bytesDone }) => bytes.push(bytesDone) })
  assert.equal(bytes[0], 150_000)
  assert.ok(content.equals(await readFile(join(two.dir, 'a'))))
  assert.deepEqual(Object.keys(await read(two.dir)), ['a'])
})

test('what is left of an interrupted download is fetched anew when it is damaged', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { a: randomBytes(400_000), b: 'b' })
  await sync(one.files, one.dir)
  const partialOf = async (name: string) => partialName(name, (await one.files.find({ label: '/data', name })).fileid)
  await write(two.dir, { [await partialOf('a')]: new Uint8Array(150_000), [await partialOf('b')]: 'x' })
  await sync(two.files, two.dir)
  assert.deepEqual(await read(two.dir), await read(one.dir))
})

test('what the store has no room for is refused in its words, before all of it was sent', async (t) => {
  const { folder } = await start(t, { COLONIES_STORE_QUOTA: '1000000' })
  const { dir, files } = await folder()
  await write(dir, { fits: 'x'.repeat(900_000), large: '', 'too large': randomBytes(20_000_000) })
  await truncate(join(dir, 'large'), 100_000_000)
  const plan = await files.planSync({ dir, label: '/data', keepLocal: true, deletions: false })
  const failures = await files.applySync(plan)
  assert.deepEqual(failures.map(({ path }) => path).sort(), ['large', 'too large'])
  for (const { error } of failures) assert.match(error.message, /QuotaExceeded.*COLONIES_STORE_QUOTA/)
})

test('a name that no colony takes is told before its bytes are sent', async (t) => {
  const { folder } = await start(t)
  const { dir, files } = await folder()
  await write(dir, { 'back\\slash': '1', good: '2' })
  const plan = await files.planSync({ dir, label: '/data', keepLocal: true, deletions: false })
  const [failure] = await files.applySync(plan)
  assert.deepEqual(
    [failure?.path, /must not contain a backslash/.test(failure?.error.message ?? '')],
    ['back\\slash', true],
  )
})

test('two syncs of one folder at once do not disturb each other', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, {
    large: randomBytes(3_000_000),
    ...Object.fromEntries([1, 2, 3].map((n) => [`f${n}`, `${n}`])),
  })
  await sync(one.files, one.dir)
  const plan = () => two.files.planSync({ dir: two.dir, label: '/data', keepLocal: true, deletions: false })
  const plans = await Promise.all([plan(), plan()])
  const failures = (await Promise.all(plans.map((each) => two.files.applySync(each)))).flat()
  assert.ok(failures.every(({ error }) => /was changed here since/.test(error.message)))
  assert.deepEqual(await read(two.dir), await read(one.dir))
  assert.deepEqual(actionsOf(await plan()), [])
})

test('bytes that are not those that were stored are refused, and the file that was there stays', async (t) => {
  const { folder, colony } = await start(t)
  const { dir, files } = await folder()
  await write(dir, { a: 'right' })
  await sync(files, dir)
  const { ref, size } = await files.find({ label: '/data', name: 'a' })
  const file = { colonyname: colony.name, label: '/data', name: 'a', size, ref, checksum: '0'.repeat(64) }
  await colony.user.addFile({ file })
  await assert.rejects(files.get({ label: '/data', name: 'a' }, join(dir, 'a')), FileError)
  await colony.user.addFile({ file: { ...file, size: 3 } })
  await assert.rejects(files.get({ label: '/data', name: 'a' }, join(dir, 'a')), /more than the 3 bytes/)
  assert.deepEqual(await read(dir), { a: 'right' })
})

test('an interrupted sync says so, and the next one does the rest', async (t) => {
  const { folder } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, `${index}`])))
  const stop = new AbortController()
  const plan = await one.files.planSync({ dir: one.dir, label: '/data', keepLocal: true, deletions: false })
  const onProgress = ({ filesDone }: { filesDone: number }) => filesDone === 10 && stop.abort()
  await assert.rejects(
    one.files.applySync(plan, { onProgress: (progress) => void onProgress(progress), signal: stop.signal }),
    AbortedError,
  )
  const rest = await sync(one.files, one.dir)
  assert.ok(rest.length > 0 && rest.length <= 30, `${rest.length} files were left`)
  await sync(two.files, two.dir)
  assert.deepEqual(await read(two.dir), await read(one.dir))
})

test('links to files are files, links to folders are left alone', async (t) => {
  const { folder } = await start(t)
  const { dir, files } = await folder()
  await write(dir, { a: 'content', 'sub/b': 'b' })
  await symlink('a', join(dir, 'link'))
  await symlink('.', join(dir, 'round'))
  const plan = await files.planSync({ dir, label: '/data', keepLocal: true, deletions: false })
  assert.deepEqual(actionsOf(plan), ['upload a', 'upload link', 'upload sub/b'])
  assert.deepEqual(plan.skipped, ['round'])
})

test('a snapshot has the files as they were, also after they were removed, until it goes itself', async (t) => {
  const { folder, colony } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { a: '1', 'same/a': '2', empty: '' })
  await sync(one.files, one.dir)
  const { name: colonyname, user } = colony
  await user.createSnapshot({ colonyname, label: '/data', name: 'before: all' })
  await one.files.remove({ label: '/data', name: 'a' })
  assert.equal(await one.files.removeTree('/data'), 2)
  assert.equal(await one.files.getSnapshot({ name: 'before: all' }, two.dir), 3)
  assert.deepEqual(await read(two.dir), { a: '1', empty: '', 'same/a': '2' })
  assert.equal(await one.files.getSnapshot({ name: 'before: all' }, two.dir), 0)
})

test('a name may be as long as the system allows, and one of ours is never taken from others', async (t) => {
  const { folder, colony } = await start(t)
  const [one, two] = [await folder(), await folder()]
  await write(one.dir, { ['n'.repeat(255)]: 'long', label: '{"label":"/elsewhere"}' })
  await sync(one.files, one.dir)
  const { ref, size, checksum } = await one.files.find({ label: '/data', name: 'label' })
  const file = { colonyname: colony.name, label: '/data', size, ref, checksum }
  for (const name of ['.cfs', partialName('a', '')]) await colony.user.addFile({ file: { ...file, name } })
  await sync(two.files, two.dir)
  assert.deepEqual(await read(two.dir), await read(one.dir))
  assert.equal(await labelOfFolder(two.dir), '/data')
})

test('nothing is written or removed behind a link of this machine', async (t) => {
  const { folder, colony } = await start(t)
  const [one, two, outside] = [await folder(), await folder(), await folder()]
  await write(one.dir, { 'sub/a': 'a', b: 'b' })
  await sync(one.files, one.dir)
  await write(outside.dir, { kept: '' })
  await mkdir(two.dir)
  await symlink(outside.dir, join(two.dir, 'sub'))
  await symlink(join(outside.dir, 'missing'), join(two.dir, 'b'))
  const plan = await two.files.planSync({ dir: two.dir, label: '/data', keepLocal: true, deletions: true })
  const failures = await two.files.applySync(plan)
  const messages = failures.map(({ error }) => error.message).sort()
  assert.match(messages.join('\n'), /^b: a link has this name.*\nsub\/a: sub is a link/)
  const { snapshotid } = await colony.user.createSnapshot({ colonyname: colony.name, label: '/data', name: 'all' })
  await assert.rejects(two.files.getSnapshot({ snapshotid }, two.dir), /sub is a link/)
  assert.deepEqual(await read(outside.dir), { kept: '' })
})
