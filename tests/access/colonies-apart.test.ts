import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf } from '@colonies/identity'
import { testColony } from '@colonies/testkit'
import { makeElsewhere, makeScene, type Scene } from './scene.js'
import { envelopeOf, send } from './send.js'
import { tableChecksums } from './table-checksums.js'

/** What a request may name beside a colony. */
interface Things {
  /** The colony of the caller. */
  own: string
  /** The colony of the things below, of which the caller is no member. */
  foreign: string
  processid: string
  attributeid: string
  functionid: string
  executorid: string
  graph: { processgraphid: string; parentprocessid: string }
  fileid: string
  snapshotid: string
  blueprintid: string
}

interface Attempt {
  says: string
  payloadtype: string
  payload(things: Things): object
  /** A status, or the payload of the reply. */
  expected: number | ((things: Things) => unknown)
}

/** A heartbeat is one of its sender, wherever the processes are that it names. */
const signsOfLife = { columns: ['heartbeat_at', 'last_heard_at', 'leased'] }

const spec = (colonyname: string) => ({ funcname: 'f', conditions: { colonyname, executortype: 'cli' } })

/**
 * An executor that names its own colony together with a thing of another one. Its name there is taken in the other colony
 * too: what looks by name or by id alone gives itself away.
 */
const attempts: Attempt[] = [
  {
    says: 'logs of a foreign process',
    payloadtype: 'getlogsmsg',
    payload: ({ own, processid }) => ({ colonyname: own, processid, count: 10 }),
    expected: 404,
  },
  {
    says: 'logs of an executor with the same name',
    payloadtype: 'getlogsmsg',
    payload: ({ own }) => ({ colonyname: own, executorname: 'ada', count: 10 }),
    expected: () => null,
  },
  {
    says: 'a search for lines that stand in foreign logs',
    payloadtype: 'searchlogsmsg',
    payload: ({ own }) => ({ colonyname: own, text: 'secret', days: 1, count: 10 }),
    expected: () => null,
  },
  {
    says: 'functions of an executor with the same name',
    payloadtype: 'getfunctionsmsg',
    payload: ({ own }) => ({ colonyname: own, executorname: 'ada' }),
    expected: () => null,
  },
  {
    says: 'a foreign executor by its id',
    payloadtype: 'getexecutorbyidmsg',
    payload: ({ own, executorid }) => ({ colonyname: own, executorid }),
    expected: 404,
  },
  {
    says: 'the history of a foreign executor',
    payloadtype: 'getprocesshistmsg',
    payload: ({ own, executorid }) => ({ colonyname: own, executorid, seconds: 100, state: 1 }),
    expected: () => null,
  },
  {
    says: 'the page behind a foreign process',
    payloadtype: 'getprocessesmsg',
    payload: ({ own, processid }) => ({ colonyname: own, count: 100, state: 1, after: processid }),
    expected: () => null,
  },
  {
    says: 'the page behind a foreign graph',
    payloadtype: 'getprocessgraphsmsg',
    payload: ({ own, graph }) => ({ colonyname: own, count: 100, state: 1, after: graph.processgraphid }),
    expected: () => null,
  },
  {
    says: 'a child below a foreign process',
    payloadtype: 'addchildmsg',
    payload: ({ own, graph }) => ({ ...graph, spec: spec(own) }),
    expected: 404,
  },
  {
    says: 'an attribute on a foreign process',
    payloadtype: 'addattributemsg',
    payload: ({ own, processid }) => ({
      attribute: { targetid: processid, targetcolonyname: own, attributetype: 1, key: 'x', value: 'y' },
    }),
    expected: 404,
  },
  {
    says: 'a foreign attribute taken away',
    payloadtype: 'removeattributemsg',
    payload: ({ attributeid }) => ({ attributeid }),
    expected: 404,
  },
  {
    says: 'a function that replaces a foreign one',
    payloadtype: 'removefunctionmsg',
    payload: ({ functionid }) => ({ functionid }),
    expected: 404,
  },
  {
    says: 'a batch with a spec for a foreign colony',
    payloadtype: 'submitbatchmsg',
    payload: ({ own, foreign }) => ({ colonyname: own, items: [{ spec: spec(foreign) }] }),
    expected: () => [
      {
        processid: '',
        status: 400,
        message: 'items[0].spec.conditions.colonyname is another colony',
        code: 'bad_request',
      },
    ],
  },
  {
    says: 'a batch that closes a foreign process',
    payloadtype: 'closebatchmsg',
    payload: ({ own, processid }) => ({ colonyname: own, items: [{ processid, out: [1] }] }),
    expected: ({ processid }) => [
      { processid, status: 404, message: `Process with Id <${processid}> not found`, code: 'not_found' },
    ],
  },
  {
    says: 'a heartbeat for a foreign process',
    payloadtype: 'heartbeatmsg',
    payload: ({ own, processid }) => ({ colonyname: own, processids: [processid] }),
    expected: ({ processid }) => ({ lost: [processid] }),
  },
  {
    says: 'an assign while only the foreign colony has work',
    payloadtype: 'assignprocessmsg',
    payload: ({ own }) => ({ colonyname: own, timeout: -1 }),
    expected: 404,
  },
  {
    says: 'a foreign file by its id',
    payloadtype: 'getfilemsg',
    payload: ({ own, fileid }) => ({ colonyname: own, fileid }),
    expected: 404,
  },
  {
    says: 'files with a label that another colony has',
    payloadtype: 'getfiletreemsg',
    payload: ({ own }) => ({ colonyname: own, label: '/' }),
    expected: () => [],
  },
  {
    says: 'a foreign file taken away',
    payloadtype: 'removefilemsg',
    payload: ({ own, fileid }) => ({ colonyname: own, fileid }),
    expected: () => ({}),
  },
  {
    says: 'a foreign snapshot by its id',
    payloadtype: 'getsnapshotmsg',
    payload: ({ own, snapshotid }) => ({ colonyname: own, snapshotid }),
    expected: 404,
  },
  {
    says: 'files of a foreign snapshot',
    payloadtype: 'getsnapshotfilesmsg',
    payload: ({ own, snapshotid }) => ({ colonyname: own, snapshotid }),
    expected: 404,
  },
  {
    says: 'a foreign snapshot taken away',
    payloadtype: 'removesnapshotmsg',
    payload: ({ own, snapshotid }) => ({ colonyname: own, snapshotid }),
    expected: () => ({}),
  },
  {
    says: 'a subscription to a foreign process',
    payloadtype: 'subscribeprocessmsg',
    payload: ({ own, processid }) => ({ colonyname: own, processid, state: 1, timeout: 1 }),
    expected: 404,
  },
  {
    says: 'a blueprint of the same name',
    payloadtype: 'getblueprintmsg',
    payload: ({ own }) => ({ namespace: own, name: 'web' }),
    expected: 404,
  },
  {
    says: 'the history of a foreign blueprint',
    payloadtype: 'getblueprinthistorymsg',
    payload: ({ blueprintid }) => ({ blueprintid }),
    expected: 404,
  },
  {
    says: 'a blueprint of a kind that only the foreign colony knows',
    payloadtype: 'addblueprintmsg',
    payload: ({ own }) => ({ blueprint: { kind: 'Thing', metadata: { name: 'x', colonyname: own }, spec: {} } }),
    expected: 400,
  },
  {
    says: 'a foreign blueprint reconciled',
    payloadtype: 'reconcileblueprintmsg',
    payload: ({ own }) => ({ namespace: own, name: 'web' }),
    expected: 404,
  },
]

test('a member of one colony reaches nothing of another by naming its own', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  const scene = await makeScene(server, elsewhere)
  const processid = await scene.held()
  await scene.clients.ada.addLog({ processid, message: 'a secret' })
  const things: Things = {
    own: elsewhere.name,
    foreign: scene.name,
    processid,
    attributeid: await scene.attribute(),
    functionid: await scene.function(),
    executorid: identityOf(scene.keys.ada),
    graph: await scene.heldGraph(),
    blueprintid: await blueprintOf(scene),
    ...(await fileAndSnapshot(scene)),
  }
  await scene.clients.user.submit({ spec: spec(scene.name) })

  const before = await tableChecksums(server.db, signsOfLife)
  for (const { says, payloadtype, payload, expected } of attempts) {
    const transport = payloadtype.startsWith('subscribe') ? 'websocket' : 'http'
    const answer = await send(server.url, envelopeOf(payloadtype, payload(things), elsewhere.executor), transport)
    if (typeof expected === 'number') assert.equal(answer.status, expected, `${says}: ${answer.message}`)
    else assert.deepEqual([answer.status, answer.payload], [200, expected(things)], says)
  }
  assert.deepEqual(await tableChecksums(server.db, signsOfLife), before)
})

async function fileAndSnapshot({ name: colonyname, clients: { user } }: Scene) {
  const { fileid } = await user.addFile({ file: { colonyname, label: '/data', name: 'a' } })
  const { snapshotid } = await user.createSnapshot({ colonyname, label: '/data', name: 'before' })
  return { fileid, snapshotid }
}

test('a node of a workflow cannot be sent into another colony', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  const scene = await makeScene(server, elsewhere)
  const functionspecs = [{ ...spec(scene.name), nodename: 'a' }]
  const workflow = { spec: { colonyname: elsewhere.name, functionspecs } }
  const { status } = await send(server.url, envelopeOf('submitworkflowspecmsg', workflow, elsewhere.user))
  assert.equal(status, 200)
  assert.deepEqual(await scene.clients.user.getProcesses({ colonyname: scene.name, count: 10, state: 0 }), [])
  const user = server.serverOwner.as(elsewhere.user)
  const [own] = await user.getProcesses({ colonyname: elsewhere.name, count: 10, state: 0 })
  assert.equal(own?.spec.conditions?.colonyname, elsewhere.name)
})

async function blueprintOf({ name, clients }: Scene): Promise<string> {
  const metadata = { name: 'web', colonyname: name }
  const handler = { executorType: 'cli', functionName: 'reconcile' }
  const blueprintdefinition = { metadata, spec: { names: { kind: 'Thing' }, handler } }
  await clients.owner.addBlueprintDefinition({ blueprintdefinition })
  return (await clients.user.addBlueprint({ blueprint: { kind: 'Thing', metadata, spec: {} } })).blueprintid
}
