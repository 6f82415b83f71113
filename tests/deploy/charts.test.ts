import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { buildMs } from '../compat/go-module.js'
import { run, runWell } from '../compat/run.js'
import { deployFolder } from './given-files.js'
import { findHelm, installHelm, pythonTool } from './tools.js'

const chart = join(deployFolder, 'helm', 'colonies')
const kubernetes = '1.30.0'
const least = ['--set', 'database.host=db', '--set', `serverId=${'0a'.repeat(32)}`]
const most = [
  ...least,
  '--set',
  'ingress.enabled=true,ingress.tlsSecret=tls,metrics.enabled=true,workers=3',
  '--set',
  'settings.TZ=UTC',
  '--set-string',
  'settings.COLONIES_RETENTION_POLICY=2592000',
]

test('the container file has nothing that its linter knows of', async () => {
  await runWell(await pythonTool('hadolint'), [join(deployFolder, 'container', 'Containerfile')])
})

const found = await findHelm()
const skip = !found && process.env.COLONIES_DEPLOY_HELM !== '1' && 'compiles Helm with Go: COLONIES_DEPLOY_HELM=1'

test('the chart is what Kubernetes takes, with the least and the most settings', {
  skip,
  timeout: buildMs,
}, async (t) => {
  const helm = found ?? (await installHelm())
  for (const values of [least, most]) {
    await runWell(helm, ['lint', '--strict', '--kube-version', kubernetes, chart, ...values])
    const rendered = await runWell(helm, ['template', 'test', chart, '--kube-version', kubernetes, ...values])
    await validate(t, rendered.join('\n'))
  }
  const bare = await run(helm, ['template', 'test', chart, '--kube-version', kubernetes])
  assert.match(bare.complaints, /serverId[\s\S]*database\/host|database\/host[\s\S]*serverId/)
  // Given twice, the one that Kubernetes takes is a matter of luck.
  const twice = await run(helm, ['template', 'test', chart, ...least, '--set', 'settings.COLONIES_DB_HOST=other'])
  assert.match(twice.complaints, /COLONIES_DB_HOST/)
  // Numbers of a file come as 2.592e+06.
  const retention = ['--set', 'settings.COLONIES_RETENTION_POLICY=2592000']
  const number = await run(helm, ['template', 'test', chart, '--kube-version', kubernetes, ...least, ...retention])
  assert.match(number.complaints, /settings.COLONIES_RETENTION_POLICY has to be a string/)
})

async function validate(t: TestContext, manifests: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-chart-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'manifests.yaml')
  await writeFile(file, manifests)
  await runWell(await pythonTool('kubernetes-validate'), ['-k', '1.30', '--strict', file])
}
