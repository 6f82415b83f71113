import type { FunctionSpec } from '@colonies/protocol'
import type { Case, JsonObject } from '../transcript.js'
import type { Plan, World } from '../world.js'

// Steps towards the state in which a request was recorded.

/** Brings a world into that state. @returns what is known only then */
export type Scenario = (world: World, one: Case) => Promise<Plan>

export const has =
  (...names: string[]): Scenario =>
  async (world) => {
    await world.has(...names)
    return {}
  }

/** Who holds the process of a case: the executor that asks. */
export const holderOf = ({ signedby }: Case) => (signedby === 'executor2' ? 'executor2' : 'executor1')

export const waiting: Scenario = async (world, one) => {
  await world.has('executor1')
  const { processid } = await submit(world, one)
  return { fields: { processid, targetid: processid } }
}

export const running: Scenario = (world, one) => runningOf(holderOf(one))(world, one)

export const runningOf =
  (holder: string): Scenario =>
  async (world, one) => {
    await world.has('executor1', holder)
    const { processid } = await submit(world, one)
    await world.as(holder).assign({ colonyname: world.colony(), timeout: 5 })
    return { fields: { processid, targetid: processid } }
  }

/** A process of executor 1, which runs it as well. */
export const runningWith =
  (changes: Partial<FunctionSpec>): Scenario =>
  async (world) => {
    await world.has('executor1')
    const conditions = { colonyname: world.colony(), executortype: 'cli' }
    const executor = world.as('executor1')
    const { processid } = await executor.submit({ spec: { funcname: 'f', conditions, ...changes } })
    await executor.assign({ colonyname: world.colony(), timeout: 5 })
    return { fields: { processid } }
  }

export const closed: Scenario = async (world, one) => {
  const plan = await running(world, one)
  await world.replay('addattributemsg', 'add attribute', plan)
  await world.replay('closesuccessfulmsg', 'close with output', plan)
  return plan
}

export const failed: Scenario = async (world, one) => {
  const plan = await running(world, one)
  await world.as('executor1').closeFailed({ processid: plan.fields?.processid ?? '', errors: ['no'] })
  return plan
}

export const loggedLines =
  (...messages: string[]): Scenario =>
  async (world, one) => {
    const plan = await running(world, one)
    const processid = plan.fields?.processid ?? ''
    for (const message of messages) await world.as('executor1').addLog({ processid, message })
    return plan
  }

export const logged = loggedLines('first line', 'second line needle')

export const graph: Scenario = async (world) => {
  await world.has('executor1')
  const { processgraphid, processids } = await world.replay('submitworkflowspecmsg', 'submit workflow')
  const [root = '', left = ''] = processids as string[]
  return { fields: { processgraphid: String(processgraphid), parentprocessid: root, childprocessid: left } }
}

export const runningGraph: Scenario = async (world, one) => {
  const plan = await graph(world, one)
  await world.as('executor1').assign({ colonyname: world.colony(), timeout: 5 })
  return plan
}

export const finishedGraph: Scenario = async (world, one) => {
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

export const failedGraph: Scenario = async (world) => {
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
export const after =
  (scenario: Scenario, type: string, name: string): Scenario =>
  async (world, one) => {
    const plan = await scenario(world, one)
    await world.replay(type, name, plan)
    return plan
  }

/** Sends the request of the case itself once before. */
export const twice =
  (scenario: Scenario): Scenario =>
  async (world, one) => {
    const plan = await scenario(world, one)
    await world.send(one, plan)
    return plan
  }

export const withFunction =
  (name: string): Scenario =>
  async (world) => {
    await world.has('executor1')
    const { functionid } = await world.replay('addfunctionmsg', name)
    return { fields: { functionid: String(functionid) } }
  }

export const removed: Scenario = async (world) => {
  await world.has('executor1', 'executor4')
  await world.as('colony1').removeExecutor({ colonyname: world.colony(), executorname: 'exec4' })
  return {}
}

/** Executor 2 with all that can be said about an executor. */
export const described: Scenario = async (world) => {
  await world.has('executor1')
  await world.replay('addexecutormsg', 'add executor with capabilities and allocations')
  await world.as('colony1').approveExecutor({ colonyname: world.colony(), executorname: 'exec2' })
  return {}
}

export const oneExecutor = has('executor1')
export const twoExecutors = has('executor1', 'executor2')
export const nothing: Scenario = async () => ({})
export const pending: Scenario = async (world) => {
  await world.addPending('executor1')
  return {}
}
export const withLocation = after(oneExecutor, 'addlocationmsg', 'add location')
export const withAttribute: Scenario = async (world, one) => {
  const plan = await running(world, one)
  const { attributeid } = await world.replay('addattributemsg', 'add attribute', plan)
  return { fields: { attributeid: String(attributeid) } }
}

/** Waits while the state of a process changes. */
export const duringSubscription =
  (before: Scenario, happen: (world: World, processid: string, one: Case) => Promise<unknown>): Scenario =>
  async (world, one) => {
    const plan = await before(world, one)
    return { ...plan, happen: () => happen(world, plan.fields?.processid ?? '', one) }
  }

export const assign = (world: World) => world.as('executor1').assign({ colonyname: world.colony(), timeout: 5 })
export const close = (world: World, processid: string) =>
  world.as('executor1').closeSuccessful({ processid, out: ['result', 7] })

/** Submits what the recorded reply shows, or else the first recorded function spec. */
export async function submit(world: World, one?: Case): Promise<{ processid: string }> {
  const payload = one?.reply?.payload ?? one?.frames?.[0]?.payload
  const shown = (Array.isArray(payload) ? payload[0] : payload) as JsonObject | undefined | null
  if (!shown?.spec) {
    const { processid } = await world.replay('submitfuncspecmsg', 'submit')
    return { processid: String(processid) }
  }
  return world.as('executor1').submit({ spec: world.translate(shown.spec) as unknown as FunctionSpec })
}
