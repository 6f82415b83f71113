import { identityOf } from '@colonies/identity'
import { type AnyOperation, operations } from '@colonies/protocol'
import { absentType, freshId, freshName, type Scene } from './scene.js'

/** Who asks, as an executor where it is one; `ada` else. Requests about oneself name it. */
export type Asker = 'ada' | 'pending' | 'rejected' | 'removed'

/**
 * Makes the payload of a request that would be carried out for whoever may ask, with all that it needs. It can be called
 * again and again.
 */
export type MakeRequest = (scene: Scene, asker: Asker) => object | Promise<object>

const nothing = () => ({})
const named = ({ name }: Scene) => ({ colonyname: name })
const inNamespace = ({ name }: Scene) => ({ namespace: name })
const specFor = ({ name }: Scene, executortype: string) => ({
  funcname: 'f',
  args: [1, 'two', { three: [3] }],
  kwargs: { k: 'v' },
  env: { E: 'e' },
  priority: 1,
  maxexectime: 1000,
  conditions: { colonyname: name, executortype },
})

const ofColony: Record<string, MakeRequest> = {
  addcolonymsg: () => ({ colony: { colonyid: freshId(), name: freshName('colony') } }),
  removecolonymsg: named,
  getcoloniesmsg: nothing,
  getcolonymsg: named,
  getcolonystatsmsg: named,
  pauseassignmentsmsg: named,
  resumeassignmentsmsg: named,
  getpausestatusmsg: named,
  getstoremsg: named,
  changecolonyidmsg: (scene) => ({ ...named(scene), colonyid: freshId() }),

  versionmsg: nothing,
  getserverinfomsg: nothing,
  getstatisticsmsg: nothing,
  getclustermsg: nothing,
  // To the key that it has: the requests that follow need its owner.
  changeserveridmsg: ({ keys }) => ({ serverid: identityOf(keys.server) }),
}

const ofUsersAndLocations: Record<string, MakeRequest> = {
  addusermsg: (scene) => ({
    user: { ...named(scene), userid: freshId(), name: freshName('user'), email: 'u@example.com' },
  }),
  getusersmsg: named,
  getusermsg: (scene) => ({ ...named(scene), name: 'me' }),
  getuserbyidmsg: (scene) => ({ ...named(scene), userid: identityOf(scene.keys.user) }),
  async removeusermsg(scene) {
    const user = { ...named(scene), userid: freshId(), name: freshName('user') }
    await scene.clients.owner.addUser({ user })
    return { ...named(scene), name: user.name }
  },
  changeuseridmsg: (scene) => ({ ...named(scene), userid: freshId() }),

  addlocationmsg: (scene) => ({ location: { ...named(scene), name: freshName('location'), long: 22.1, lat: 65.5 } }),
  getlocationsmsg: named,
  getlocationmsg: addedLocation,
  removelocationmsg: addedLocation,
}

async function addedLocation(scene: Scene) {
  const location = { ...named(scene), name: freshName('location') }
  await scene.clients.owner.addLocation({ location })
  return location
}

const ofExecutors: Record<string, MakeRequest> = {
  addexecutormsg: (scene) => ({
    executor: { ...named(scene), executorid: freshId(), executorname: freshName('executor'), executortype: 'cli' },
  }),
  getexecutorsmsg: named,
  getexecutormsg: (scene) => ({ ...named(scene), executorname: 'ada' }),
  getexecutorbyidmsg: ({ keys }) => ({ executorid: identityOf(keys.ada) }),
  approveexecutormsg: (scene) => ({ ...named(scene), executorname: 'rejected' }),
  rejectexecutormsg: (scene) => ({ ...named(scene), executorname: 'bo' }),
  removeexecutormsg: (scene) => ({ ...named(scene), executorname: 'bo' }),
  reportallocationmsg: (scene, executorname) => ({
    ...named(scene),
    executorname,
    allocations: { projects: { p1: { allocatedcpu: 1, usedcpu: 0 } } },
  }),
  updateexecutormsg: (scene, executorname) => ({
    ...named(scene),
    executorname,
    capabilities: { hardware: [{ cpu: '4000m', nodes: 1 }], software: [{ name: 'x' }] },
  }),
  changeexecutoridmsg: (scene) => ({ ...named(scene), executorid: freshId() }),
  heartbeatmsg: async (scene) => ({ ...named(scene), processids: [await scene.held()] }),

  addfunctionmsg: (scene, executorname) => ({
    fun: { ...named(scene), executorname, funcname: 'f', description: 'd', args: [{ name: 'a', type: 'string' }] },
  }),
  getfunctionsmsg: named,
  getfunctionsbyexecutormsg: (scene) => ({ ...named(scene), executorname: 'ada' }),
  removefunctionmsg: async (scene) => ({ functionid: await scene.function() }),
}

const ofLogsAndAttributes: Record<string, MakeRequest> = {
  addlogmsg: async (scene) => ({ processid: await scene.held(), message: 'a line' }),
  addexecutorlogmsg: (scene, executorname) => ({ ...named(scene), executorname, message: 'a line' }),
  getlogsmsg: (scene) => ({ ...named(scene), executorname: 'ada', count: 10, since: 0 }),
  searchlogsmsg: (scene) => ({ ...named(scene), text: 'line', days: 1, count: 10 }),

  addattributemsg: async (scene) => ({
    attribute: { targetid: await scene.held(), targetcolonyname: scene.name, attributetype: 1, key: 'k', value: 'v' },
  }),
  getattributemsg: async (scene) => ({ attributeid: await scene.attribute() }),
  removeattributemsg: async (scene) => ({ attributeid: await scene.attribute() }),
}

const ofProcesses: Record<string, MakeRequest> = {
  submitfuncspecmsg: (scene) => ({ spec: specFor(scene, absentType) }),
  submitbatchmsg: (scene) => ({ ...named(scene), items: [{ spec: specFor(scene, absentType) }] }),
  assignprocessmsg: async (scene) => {
    await scene.clients.user.submit({ spec: specFor(scene, 'cli') })
    return { ...named(scene), timeout: -1, availablecpu: '1000m', availablemem: '10Gi' }
  },
  assignbatchmsg: async (scene) => {
    await scene.clients.user.submit({ spec: specFor(scene, 'cli') })
    return { ...named(scene), timeout: -1, count: 2 }
  },
  closesuccessfulmsg: async (scene) => ({ processid: await scene.held(), out: ['done'] }),
  closefailedmsg: async (scene) => ({ processid: await scene.held(), errors: ['no'] }),
  closebatchmsg: async (scene) => ({ ...named(scene), items: [{ processid: await scene.held(), out: [1] }] }),
  setoutputmsg: async (scene) => ({ processid: await scene.held(), out: ['half'] }),
  unassignprocessmsg: async (scene) => ({ processid: await scene.held() }),
  getprocesseventsmsg: async (scene) => ({ processid: await scene.held(), count: 10, after: 0 }),
  removeallprocessesmsg: async (scene) => {
    await scene.waiting()
    return { ...named(scene), state: -1 }
  },
  getprocessesmsg: (scene) => ({ ...named(scene), count: 10, state: 0 }),
  getprocesshistmsg: (scene) => ({ ...named(scene), executorid: '', seconds: 100, state: 0 }),
}

const ofGraphs: Record<string, MakeRequest> = {
  submitworkflowspecmsg: (scene) => ({
    spec: {
      ...named(scene),
      functionspecs: [
        { ...specFor(scene, absentType), nodename: 'a' },
        { nodename: 'b', funcname: 'g', conditions: { executortype: absentType, dependencies: ['a'] } },
      ],
    },
  }),
  addchildmsg: async (scene) => ({
    ...(await scene.heldGraph()),
    spec: { ...specFor(scene, absentType), nodename: 'c' },
  }),
  getprocessgraphmsg: async (scene) => ({ processgraphid: await scene.graph() }),
  getprocessgraphsmsg: (scene) => ({ ...named(scene), count: 10, state: 0 }),
  cancelprocessgraphmsg: async (scene) => ({ processgraphid: await scene.graph() }),
  removeprocessgraphmsg: async (scene) => ({ processgraphid: await scene.graph() }),
  removeallprocessgraphsmsg: async (scene) => {
    await scene.graph()
    return { ...named(scene), state: -1 }
  },
}

const ofFiles: Record<string, MakeRequest> = {
  addfilemsg: (scene) => ({ file: newFile(scene) }),
  getfilemsg: async (scene) => ({ ...named(scene), fileid: await addedFile(scene) }),
  getfilesmsg: (scene) => ({ ...named(scene), label: '/data' }),
  getfilelabelsmsg: named,
  getfiletreemsg: (scene) => ({ ...named(scene), label: '/data' }),
  removefilemsg: async (scene) => ({ ...named(scene), fileid: await addedFile(scene) }),
  removefiletreemsg: (scene) => ({ ...named(scene), label: '/data' }),
  createsnapshotmsg: (scene) => ({ ...named(scene), label: '/data', name: freshName('snapshot') }),
  getsnapshotmsg: addedSnapshot,
  getsnapshotsmsg: named,
  getsnapshotfilesmsg: addedSnapshot,
  removesnapshotmsg: addedSnapshot,
  removeallsnapshotmsg: named,
}

const newFile = (scene: Scene) => ({ ...named(scene), label: '/data', name: freshName('file'), size: 1 })

async function addedFile(scene: Scene) {
  return (await scene.clients.user.addFile({ file: newFile(scene) })).fileid
}

async function addedSnapshot(scene: Scene) {
  await addedFile(scene)
  const asked = { ...named(scene), label: '/data', name: freshName('snapshot') }
  const { snapshotid } = await scene.clients.user.createSnapshot(asked)
  return { ...named(scene), snapshotid }
}

const workflowFor = ({ name }: Scene) =>
  JSON.stringify({ colonyname: name, functionspecs: [{ nodename: 'a', conditions: { executortype: absentType } }] })
const newCron = (scene: Scene) => ({
  ...named(scene),
  name: freshName('cron'),
  interval: 1000,
  workflowspec: workflowFor(scene),
})
const addedCron: MakeRequest = async (scene) => {
  const { cronid } = await scene.clients.user.addCron({ cron: newCron(scene) })
  return { cronid }
}

const newGenerator = (scene: Scene) => ({
  ...named(scene),
  name: freshName('generator'),
  trigger: 3,
  workflowspec: workflowFor(scene),
})
const addedGenerator = (scene: Scene) => scene.clients.user.addGenerator({ generator: newGenerator(scene) })
const itsGeneratorId: MakeRequest = async (scene) => ({ generatorid: (await addedGenerator(scene)).generatorid })

const ofSchedules: Record<string, MakeRequest> = {
  addcronmsg: (scene) => ({ cron: newCron(scene) }),
  getcronmsg: addedCron,
  getcronsmsg: (scene) => ({ ...named(scene), count: 10 }),
  runcronmsg: addedCron,
  removecronmsg: addedCron,
  addgeneratormsg: (scene) => ({ generator: newGenerator(scene) }),
  getgeneratormsg: itsGeneratorId,
  resolvegeneratormsg: async (scene) => ({ ...named(scene), generatorname: (await addedGenerator(scene)).name }),
  getgeneratorsmsg: (scene) => ({ ...named(scene), count: 10 }),
  packgeneratormsg: async (scene) => ({ ...(await itsGeneratorId(scene, 'ada')), arg: 'a' }),
  packgeneratormanymsg: async (scene) => ({ ...(await itsGeneratorId(scene, 'ada')), args: ['a', 'b'] }),
  removegeneratormsg: itsGeneratorId,
}

const ofBlueprints: Record<string, MakeRequest> = {
  addblueprintdefinitionmsg: (scene) => ({ blueprintdefinition: newDefinition(scene) }),
  getblueprintdefinitionmsg: async (scene) => ({ ...named(scene), name: await addedDefinition(scene) }),
  getblueprintdefinitionsmsg: named,
  removeblueprintdefinitionmsg: async (scene) => ({ ...inNamespace(scene), name: await addedDefinition(scene) }),
  addblueprintmsg: async (scene) => ({ blueprint: newBlueprint(scene, await addedDefinition(scene)) }),
  getblueprintmsg: async (scene) => ({ ...inNamespace(scene), name: (await addedBlueprint(scene)).name }),
  getblueprintsmsg: inNamespace,
  async updateblueprintmsg(scene) {
    const { kind, name } = await addedBlueprint(scene)
    const blueprint = newBlueprint(scene, kind)
    return { blueprint: { ...blueprint, metadata: { ...blueprint.metadata, name }, spec: { image: 'b' } } }
  },
  updateblueprintstatusmsg: async (scene) => ({
    ...named(scene),
    blueprintname: (await addedBlueprint(scene)).name,
    status: { runningInstances: 1 },
  }),
  removeblueprintmsg: async (scene) => ({ ...inNamespace(scene), name: (await addedBlueprint(scene)).name }),
  getblueprinthistorymsg: async (scene) => ({ blueprintid: (await addedBlueprint(scene)).blueprintid, limit: 10 }),
  reconcileblueprintmsg: async (scene) => ({ ...inNamespace(scene), name: (await addedBlueprint(scene)).name }),
}

/** Its kind has its name. */
function newDefinition(scene: Scene) {
  const name = freshName('definition')
  const handler = { executorType: absentType, functionName: 'reconcile' }
  return { metadata: { ...named(scene), name }, spec: { names: { kind: name }, schema: { type: 'object' }, handler } }
}

async function addedDefinition(scene: Scene) {
  const definition = await scene.clients.owner.addBlueprintDefinition({ blueprintdefinition: newDefinition(scene) })
  return definition.metadata.name
}

function newBlueprint(scene: Scene, kind: string) {
  return { kind, metadata: { ...named(scene), name: freshName('blueprint') }, spec: { image: 'a' } }
}

async function addedBlueprint(scene: Scene) {
  const blueprint = newBlueprint(scene, await addedDefinition(scene))
  const { blueprintid, kind, metadata } = await scene.clients.user.addBlueprint({ blueprint })
  return { blueprintid, kind, name: metadata.name }
}

/** Subscriptions of no time: the server looks once at what is there, and ends them. */
const ofSubscriptions: Record<string, MakeRequest> = {
  subscribeprocessmsg: async (scene) => ({
    processid: await scene.waiting(),
    executortype: absentType,
    state: 0,
    timeout: 0,
  }),
  subscribeprocessesmsg: (scene) => ({ ...named(scene), executortype: absentType, state: 0, timeout: 0 }),
  subscribeattributemsg: async (scene) => ({ processid: await scene.waiting(), key: 'k', timeout: 0 }),
}

/** A channel that the user and ada may use. */
const ofChannels: Record<string, MakeRequest> = {
  channelappendmsg: async (scene) => ({ ...(await channelOf(scene)), sequence: 1, payload: [104, 105] }),
  channelreadmsg: channelOf,
  getchannelsmsg: async (scene) => ({ processid: (await channelOf(scene)).processid }),
  subscribechannelmsg: async (scene) => ({ ...(await channelOf(scene)), timeout: -1 }),
}

async function channelOf(scene: Scene) {
  return { processid: await scene.held({ channels: ['chat'] }), name: 'chat' }
}

/** For operations that take a process and nothing else: they need no line of their own. */
const ofOneProcess: Record<string, MakeRequest> = Object.fromEntries(
  Object.values(operations as Record<string, AnyOperation>)
    .filter(({ input }) => Object.keys(input.properties).join() === 'processid')
    .map(({ payloadtype }) => [payloadtype, async (scene: Scene) => ({ processid: await scene.waiting() })]),
)

/** By payload type. */
export const plausibleRequests: Readonly<Record<string, MakeRequest>> = {
  ...ofOneProcess,
  ...ofColony,
  ...ofUsersAndLocations,
  ...ofExecutors,
  ...ofLogsAndAttributes,
  ...ofProcesses,
  ...ofGraphs,
  ...ofFiles,
  ...ofSchedules,
  ...ofBlueprints,
  ...ofSubscriptions,
  ...ofChannels,
}
