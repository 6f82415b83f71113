import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { driveAll } from './drive.js'
import { typesNamedIn } from './outcomes.js'
import { cacheFolder, root } from './pycolonies.js'
import { compile, runWell } from './run.js'

const asked = process.env.COLONIES_COMPAT_RUST === '1'

/** The first build compiles some 150 crates. */
const options = {
  timeout: 900_000,
  skip: asked ? false : 'npm run test:compat -- --rust: its first build takes minutes',
}

const manifest = join(root, 'tests', 'compat', 'rust', 'Cargo.toml')

test('the colonyos crate 1.0.5, as published, calls its functions', options, async (t) => {
  const target = join(cacheFolder, 'rust-target')
  await compile('cargo', ['build', '--quiet', '--locked', '--manifest-path', manifest], { CARGO_TARGET_DIR: target })
  const command = join(target, 'debug', 'colonies-compat')
  const folder = join(await folderOfCrate(), 'src')
  const functions = await readFile(join(folder, 'lib.rs'), 'utf8')
  const sources = await readdir(folder, { recursive: true })
  const files = sources.filter((name) => name.endsWith('.rs'))
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  await driveAll(t, {
    client: 'colonyos 1.0.5',
    methods: [...functions.matchAll(/^pub async fn (\w+)/gm)].map(([, name = '']) => name),
    sends: typesNamedIn(texts.join('\n')),
    command,
  })
})

async function folderOfCrate(): Promise<string> {
  const parameters = ['metadata', '--format-version', '1', '--locked', '--manifest-path', manifest]
  const [metadata = ''] = await runWell('cargo', parameters)
  const { packages } = JSON.parse(metadata) as { packages: { name: string; manifest_path: string }[] }
  const crate = packages.find(({ name }) => name === 'colonyos')
  if (!crate) throw new Error('cargo knows no crate colonyos')
  return dirname(crate.manifest_path)
}
