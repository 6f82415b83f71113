import type { FunctionSpec } from '@colonies/protocol'
import type { Case, JsonObject } from './transcript.js'
import type { Plan, World } from './world.js'

// What has to be there before a recorded request is sent again: one entry for each message type, and one for each case
// that needs something else.

export type Scenario = (world: World, one: Case) => Promise<Plan>

const has =
  (...names: string[]): Scenario =>
  async (world) => {
    await world.has(...names)
    return {}
  }

/** Who holds the process of a case: the executor that asks. */
const holderOf = ({ signedby }: Case) => (signedby === 'executor2' ? 'executor2' : 'executor1')

const waiting: Scenario = async (world, one) => {
  await world.has('executor1')
  const { processid } = await submit(world, one)
  return { fields: { processid, targetid: processid } }
}

const running: Scenario = (world, one) => runningOf(holderOf(one))(world, one)

const runningOf =
  (holder: string): Scenario =>
  async (world, one) => {
    await world.has('executor1', holder)
    const { processid } = await submit(world, one)
    await world.as(holder).assign({ colonyname: world.colony(), timeout: 5 })
    return { fields: { processid, targetid: processid } }
  }

const closed: Scenario = async (world, one) => {
  const plan = await running(world, one)
  await world.replay('addattributemsg', 'add attribute', plan)
  await world.replay('closesuccessfulmsg', 'close with output', plan)
  return plan
}

const failed: Scenario = async (world, one) => {
  const plan = await running(world, one)
  await world.as('executor1').closeFailed({ processid: plan.fields?.processid ?? '', errors: ['no'] })
  return plan
}

const loggedLines =
  (...messages: string[]): Scenario =>
  async (world, one) => {
    const plan = await running(world, one)
    const processid = plan.fields?.processid ?? ''
    for (const message of messages) await world.as('executor1').addLog({ processid, message })
    return plan
  }

const logged = loggedLines('first line', 'second line needle')

const graph: Scenario = async (world) => {
  await world.has('executor1')
  const { processgraphid, processids } = await world.replay('submitworkflowspecmsg', 'submit workflow')
  const [root = '', left = ''] = processids as string[]
  return { fields: { processgraphid: String(processgraphid), parentprocessid: root, childprocessid: left } }
}

const runningGraph: Scenario = async (world, one) => {
  const plan = await graph(world, one)
  await world.as('executor1').assign({ colonyname: world.colony(), timeout: 5 })
  return plan
}

const finishedGraph: Scenario = async (world, one) => {
  const plan = await runningGraph(world, one)
  await world.replay('addchildmsg', 'add child', plan)
  await world.replay('addchildmsg', 'insert child', plan)
  const executor = world.as('executor1')
  await executor.closeSuccessful({ processid: plan.fields?.parentprocessid ?? '', out: [] })
  for (let left = 4; left > 0; left--) {
    const { processid } = await executor.assign({ colonyname: world.colony(), timeout: 5 })
    await executor.closeSuccessful({ processid, out: [] })
  }
  return plan
}

const failedGraph: Scenario = async (world) => {
  await world.has('executor1')
  const executor = world.as('executor1')
  const conditions = { executortype: 'cli' }
  const functionspecs = [
    { nodename: 'root', funcname: 'root', conditions },
    { nodename: 'leaf', funcname: 'leaf', conditions: { ...conditions, dependencies: ['root'] } },
  ]
  const { processgraphid } = await executor.submitWorkflow({ spec: { colonyname: world.colony(), functionspecs } })
  const { processid } = await executor.assign({ colonyname: world.colony(), timeout: 5 })
  await executor.closeFailed({ processid, errors: ['no'] })
  return { fields: { processgraphid } }
}

/** Replays another case first. */
const after =
  (scenario: Scenario, type: string, name: string): Scenario =>
  async (world, one) => {
    const plan = await scenario(world, one)
    await world.replay(type, name, plan)
    return plan
  }

/** Sends the request of the case itself once before. */
const twice =
  (scenario: Scenario): Scenario =>
  async (world, one) => {
    const plan = await scenario(world, one)
    await world.send(one, plan)
    return plan
  }

const withFunction =
  (name: string): Scenario =>
  async (world) => {
    await world.has('executor1')
    const { functionid } = await world.replay('addfunctionmsg', name)
    return { fields: { functionid: String(functionid) } }
  }

const removed: Scenario = async (world) => {
  await world.has('executor1', 'executor4')
  await world.as('colony1').removeExecutor({ colonyname: world.colony(), executorname: 'exec4' })
  return {}
}

/** Executor 2 with all that can be said about an executor. */
const described: Scenario = async (world) => {
  await world.has('executor1')
  await world.replay('addexecutormsg', 'add executor with capabilities and allocations')
  await world.as('colony1').approveExecutor({ colonyname: world.colony(), executorname: 'exec2' })
  return {}
}

const oneExecutor = has('executor1')
const twoExecutors = has('executor1', 'executor2')
const nothing: Scenario = async () => ({})
const pending: Scenario = async (world) => {
  await world.addPending('executor1')
  return {}
}
const withLocation = after(oneExecutor, 'addlocationmsg', 'add location')
const withAttribute: Scenario = async (world, one) => {
  const plan = await running(world, one)
  const { attributeid } = await world.replay('addattributemsg', 'add attribute', plan)
  return { fields: { attributeid: String(attributeid) } }
}

/** Waits while the state of a process changes. */
const duringSubscription =
  (before: Scenario, happen: (world: World, processid: string, one: Case) => Promise<unknown>): Scenario =>
  async (world, one) => {
    const plan = await before(world, one)
    return { ...plan, happen: () => happen(world, plan.fields?.processid ?? '', one) }
  }

const assign = (world: World) => world.as('executor1').assign({ colonyname: world.colony(), timeout: 5 })
const close = (world: World, processid: string) =>
  world.as('executor1').closeSuccessful({ processid, out: ['result', 7] })

/** By message type, or by message type and name of a case. */
export const scenarios: Record<string, Scenario> = {
  addattributemsg: running,
  'addattributemsg: add attribute to a waiting process': waiting,
  addchildmsg: runningGraph,
  'addchildmsg: add child by another executor': async (world, one) => {
    await world.has('executor2')
    return runningGraph(world, one)
  },
  addcolonymsg: nothing,
  'addcolonymsg: add colony with an id in use': has('colony1'),
  'addcolonymsg: add colony with a name in use': has('colony1'),
  addexecutorlogmsg: twoExecutors,
  addexecutormsg: async (world) => {
    await world.has('colony1')
    return { as: 'colony1' }
  },
  'addexecutormsg: add executor twice': oneExecutor,
  addfunctionmsg: twoExecutors,
  'addfunctionmsg: add function twice': twice(oneExecutor),
  addlocationmsg: oneExecutor,
  'addlocationmsg: add location with a name in use': withLocation,
  addlogmsg: running,
  "addlogmsg: add log to another executor's process": async (world, one) => {
    await world.has('executor2')
    return runningOf('executor1')(world, one)
  },
  addusermsg: oneExecutor,
  'addusermsg: add user with an id in use': has('user1'),
  'addusermsg: add user with a name in use': has('user1'),
  approveexecutormsg: pending,
  assignprocessmsg: waiting,
  'assignprocessmsg: assign times out': oneExecutor,
  'assignprocessmsg: pycolonies: assignprocessmsg': async (world, one) => {
    await world.addPending('executor1', 'test-executor-type')
    await world.approve('executor1')
    await submit(world, one)
    return {}
  },
  cancelprocessgraphmsg: graph,
  'cancelprocessgraphmsg: cancel a cancelled workflow': twice(graph),
  cancelprocessmsg: waiting,
  'cancelprocessmsg: cancel a cancelled process': twice(waiting),
  changecolonyidmsg: has('colony1'),
  changeserveridmsg: nothing,
  'changeserveridmsg: change server id with the old key': twice(nothing),
  'changecolonyidmsg: change colony id with the old key': twice(has('colony1')),
  changeexecutoridmsg: oneExecutor,
  'changeexecutoridmsg: change executor id with the old key': twice(oneExecutor),
  'changeexecutoridmsg: change executor id to an invalid id': after(
    oneExecutor,
    'changeexecutoridmsg',
    'change executor id',
  ),
  changeuseridmsg: has('user1'),
  'changeuseridmsg: change user id with the old key': twice(has('user1')),
  closefailedmsg: running,
  closesuccessfulmsg: running,
  'closesuccessfulmsg: close a waiting process': waiting,
  getattributemsg: withAttribute,
  getclustermsg: nothing,
  getcoloniesmsg: has('colony1', 'colony2'),
  'getcoloniesmsg: list colonies when there are none': nothing,
  getcolonymsg: has('executor1', 'colony2'),
  getcolonystatsmsg: closed,
  getexecutorbyidmsg: oneExecutor,
  getexecutormsg: described,
  'getexecutormsg: get executor after updates': after(
    after(oneExecutor, 'updateexecutormsg', 'update executor capabilities'),
    'reportallocationmsg',
    'report allocation',
  ),
  'getexecutormsg: get removed executor': removed,
  getexecutorsmsg: described,
  'getexecutorsmsg: list executors as unapproved executor': async (world) => {
    await world.addPending('executor1')
    await world.addPending('executor2')
    return {}
  },
  'getexecutorsmsg: list executors of another colony': has('executor1', 'colony2'),
  'getexecutorsmsg: list executors of a removed colony': async (world) => {
    await world.has('executor1')
    await world.replay('changeexecutoridmsg', 'change executor id')
    await world.replay('removecolonymsg', 'remove colony')
    return {}
  },
  getfunctionsmsg: withFunction('add function'),
  'getfunctionsmsg: list functions when there are none': oneExecutor,
  'getfunctionsmsg: pycolonies: getfunctionsmsg': withFunction('pycolonies: addfunctionmsg'),
  getlocationmsg: withLocation,
  getlocationsmsg: withLocation,
  'getlocationsmsg: list locations when there are none': oneExecutor,
  getlogsmsg: logged,
  'getlogsmsg: logs of a process without logs': running,
  'getlogsmsg: pycolonies: getlogsmsg': loggedLines('test_log_msg'),
  getpausestatusmsg: oneExecutor,
  'getpausestatusmsg: pause status': after(oneExecutor, 'pauseassignmentsmsg', 'pause assignments'),
  getprocessesmsg: waiting,
  'getprocessesmsg: list waiting processes when there are none': oneExecutor,
  getprocessgraphmsg: graph,
  'getprocessgraphmsg: get finished workflow': finishedGraph,
  'getprocessgraphmsg: get failed workflow': failedGraph,
  getprocessgraphsmsg: graph,
  'getprocessgraphsmsg: list waiting workflows when there are none': oneExecutor,
  'getprocessgraphsmsg: pycolonies: getprocessgraphsmsg': oneExecutor,
  'getprocessgraphsmsg: list running workflows': runningGraph,
  getprocesshistmsg: closed,
  getprocessmsg: waiting,
  'getprocessmsg: get successful process': closed,
  'getprocessmsg: get process of another colony': async (world, one) => {
    await world.has('executor3')
    return waiting(world, one)
  },
  getserverinfomsg: nothing,
  getstatisticsmsg: closed,
  'getstatisticsmsg: statistics of an empty server': nothing,
  getuserbyidmsg: has('executor1', 'user1'),
  getusermsg: has('executor1', 'user1'),
  getusersmsg: has('executor1', 'user1'),
  'getusersmsg: list users when there are none': oneExecutor,
  pauseassignmentsmsg: has('colony1'),
  rejectexecutormsg: has('executor4'),
  removeallprocessesmsg: failed,
  removeallprocessgraphsmsg: failedGraph,
  removecolonymsg: has('colony1', 'colony2'),
  removeexecutormsg: has('executor4'),
  removefunctionmsg: withFunction('add function'),
  removelocationmsg: withLocation,
  removeprocessgraphmsg: graph,
  removeprocessmsg: waiting,
  'removeprocessmsg: remove a running process': running,
  removeusermsg: has('user1'),
  reportallocationmsg: twoExecutors,
  resumeassignmentsmsg: after(has('colony1'), 'pauseassignmentsmsg', 'pause assignments'),
  searchlogsmsg: logged,
  setoutputmsg: running,
  "setoutputmsg: set output of another executor's process": async (world, one) => {
    await world.has('executor2')
    return runningOf('executor1')(world, one)
  },
  submitfuncspecmsg: oneExecutor,
  'submitfuncspecmsg: submit as unapproved executor': pending,
  submitworkflowspecmsg: oneExecutor,
  updateexecutormsg: oneExecutor,
  versionmsg: nothing,

  subscribeprocessesmsg: oneExecutor,
  'subscribeprocessesmsg: subscribe to waiting processes': duringSubscription(oneExecutor, (world, _, one) =>
    submit(world, one),
  ),
  subscribeprocessmsg: waiting,
  'subscribeprocessmsg: subscribe to one process, running': duringSubscription(waiting, assign),
  'subscribeprocessmsg: subscribe to a state the process is already in': running,
  'subscribeprocessmsg: subscribe to one process, successful': duringSubscription(running, close),
}

/** Submits what the recorded reply shows, or else the first recorded function spec. */
async function submit(world: World, one?: Case): Promise<{ processid: string }> {
  const payload = one?.reply?.payload ?? one?.frames?.[0]?.payload
  const shown = (Array.isArray(payload) ? payload[0] : payload) as JsonObject | undefined | null
  if (!shown?.spec) {
    const { processid } = await world.replay('submitfuncspecmsg', 'submit')
    return { processid: String(processid) }
  }
  return world.as('executor1').submit({ spec: world.translate(shown.spec) as unknown as FunctionSpec })
}
