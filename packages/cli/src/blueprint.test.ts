import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { run } from './program.js'

const definition = `
metadata: { name: deployment }
spec:
  names: { kind: Deployment }
  schema: { type: object, required: [image], properties: { replicas: { type: integer } } }
  handler: { executorType: reconciler, functionName: reconcile, reconcileInterval: 30 }
`
const blueprint = `
kind: Deployment
metadata: { name: web }
handler: { executortype: ignored }
spec: { image: nginx, replicas: 2, ports: [{ port: 80 }] }
`

/** Commands of a user, with the two files above. */
async function commands(t: TestContext) {
  const colony = await testColony(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-cli-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const files = { definition: join(folder, 'definition.yaml'), blueprint: join(folder, 'blueprint.yaml') }
  await writeFile(files.definition, definition)
  await writeFile(files.blueprint, blueprint)
  const env = {
    COLONIES_SERVERS: colony.url,
    COLONIES_COLONY_NAME: colony.name,
    COLONIES_PRVKEY: colony.keys.user,
    COLONIES_COLONY_PRVKEY: colony.keys.colony,
  }
  const colonies = async (line: string) => {
    let [out, err] = ['', '']
    const code = await run(line.split(' '), {
      env,
      stdout: { write: (text) => (out += text), columns: 200 },
      stderr: { write: (text) => (err += text) },
      profilesFile: join(folder, 'profiles.yaml'),
      openInput: () => [''],
      ask: async () => undefined,
    })
    return { code, out: out.trim(), err }
  }
  return { colony, files, colonies }
}

test('a blueprint lives by commands', async (t) => {
  const { colonies, files } = await commands(t)
  assert.equal((await colonies(`blueprint definition add --spec ${files.definition}`)).out, 'deployment')
  assert.match((await colonies(`blueprint definition add --spec ${files.definition}`)).err, /already exists/)
  assert.match((await colonies('blueprint definition ls')).out, /deployment +Deployment +reconciler +reconcile/)
  assert.match((await colonies('blueprint definition get deployment')).out, /"required"/)

  assert.equal((await colonies(`blueprint add --spec ${files.blueprint}`)).out, 'web')
  assert.match((await colonies('blueprint ls')).out, /web +Deployment +reconciler +\?\/2/)
  assert.equal((await colonies('blueprint set --name web --key replicas --value 3')).code, 0)
  assert.equal((await colonies('blueprint set web spec.ports.0.port 8080')).code, 0)
  const { spec } = JSON.parse((await colonies('blueprint get web --json')).out)
  assert.deepEqual(spec, { image: 'nginx', replicas: 3, ports: [{ port: 8080 }] })
  assert.match(
    (await colonies('blueprint set web colour red')).err,
    /there is no "colour"; known are image, replicas, ports/,
  )
  assert.match((await colonies('blueprint set web replicas many')).err, /must be an integer, got a string/)

  assert.match((await colonies('blueprint history web')).out, /2 .*update[\s\S]*1 .*update[\s\S]*0 .*create/)
  assert.match((await colonies('blueprint history web --generation 1')).out, /"replicas": 3/)
  assert.match((await colonies(`blueprint update ${files.blueprint} --generation 1`)).err, /has generation 2, not 1/)
  assert.equal((await colonies(`blueprint update ${files.blueprint} --generation 2`)).code, 0)
  assert.match((await colonies('blueprint reconcile web --force')).out, /^[0-9a-f]{64}$/)

  assert.equal((await colonies('blueprint remove web')).code, 2)
  assert.equal((await colonies('blueprint remove web --yes')).code, 0)
  assert.equal((await colonies('blueprint get web')).code, 3)
  assert.equal((await colonies('blueprint definition remove deployment --yes')).code, 0)
  assert.equal((await colonies('blueprint ls --json')).out, '[]')
})

test('the doctor finds what keeps a blueprint from being looked after, and mends what it can', async (t) => {
  const { colony, colonies, files } = await commands(t)
  await colonies(`blueprint definition add ${files.definition}`)
  await colonies(`blueprint add ${files.blueprint}`)
  const [cron] = await colony.user.getCrons({ colonyname: colony.name, count: 1 })
  await colony.user.removeCron({ cronid: cron?.cronid ?? '' })
  const report = { colonyname: colony.name, blueprintname: 'web', status: { runningInstances: 0 } }
  await colony.user.updateBlueprintStatus(report)
  const ill = await colonies('blueprint doctor')
  assert.equal(ill.code, 1)
  assert.match(ill.out, /no approved executor of type reconciler/)
  assert.match(ill.out, /the cron reconcile-Deployment is missing/)
  assert.match(ill.out, /0 of 2 replicas run/)

  const reconciler = await colony.executor('r', { type: 'reconciler' })
  await reconciler.assign({ colonyname: colony.name, timeout: -1 })
  const { lastReconciliationProcess: processid = '' } = await colony.user
    .getBlueprint({ namespace: colony.name, name: 'web' })
    .then(({ metadata }) => metadata)
  await reconciler.addLog({ processid, message: 'starting nginx' })
  assert.equal((await colonies('blueprint log web')).out, 'starting nginx')
  assert.match((await colonies('blueprint doctor web --fix')).err, /1 of them are reconciled now/)
  const { metadata, blueprintid } = await colony.user.getBlueprint({ namespace: colony.name, name: 'web' })
  for (const executorname of ['web-1', 'web-2']) {
    const replica = {
      colonyname: colony.name,
      executorname,
      executorid: '0'.repeat(63) + executorname.at(-1),
      executortype: 'nginx',
    }
    await colony.colonyOwner.addExecutor({ executor: { ...replica, blueprintid, blueprintgen: metadata.generation } })
    await colony.colonyOwner.approveExecutor({ colonyname: colony.name, executorname })
  }
  const well = await colonies('blueprint doctor')
  assert.deepEqual([well.code, /web +ok +it is looked after/.test(well.out)], [0, true], well.out)
})
