import { checkId, checkLabel, checkName } from '@colonies/core'
import {
  approveExecutor,
  beat,
  beatInstance,
  type ExecutorRow,
  findExecutor,
  findExecutorById,
  type Instance,
  insertExecutor,
  listExecutors,
  lostBy,
  type NewExecutor,
  replaceExecutor,
  revokeExecutor,
  setAllocations,
  setCapabilities,
} from '@colonies/database'
import {
  Allocations,
  Capabilities,
  ColoniesError,
  compileDecoder,
  compileEncoder,
  type Executor,
  limits,
  type ServerSide,
  zeroTime,
} from '@colonies/protocol'
import type { Call, Colony, Handlers, Replica } from '../handler.js'

const writeCapabilities = compileEncoder(Capabilities, { json: 'text' })
const readCapabilities = compileDecoder(Capabilities, { json: 'text' })
const writeAllocations = compileEncoder(Allocations, { json: 'text' })
const readAllocations = compileDecoder(Allocations, { json: 'text' })

export const executorHandlers = {
  async addExecutor({ executor }, call) {
    const { db, colony, replica } = call
    const wanted = newExecutor(executor)
    const { row, ready } = replica.config.allowExecutorReregister
      ? await replaceExecutor(db, colony.key, wanted)
      : { row: await insertExecutor(db, colony.key, wanted), ready: [] }
    if (!row) throw await taken(call, wanted)
    replica.directoryChanged()
    if (ready.length > 0) replica.changed(colony.key)
    replica.hint(colony.key, ready)
    return executorOf(row, colony, replica)
  },

  async getExecutors({ after }, { db, colony, replica }) {
    const rows = await listExecutors(db, colony.key, { after, count: limits.directoryCountMax })
    return rows.map((row) => executorOf(row, colony, replica))
  },

  async getExecutor({ executorname }, { db, colony, replica }) {
    const row = await findExecutor(db, colony.key, executorname)
    if (!row) throw unknownExecutor(executorname)
    return executorOf(row, colony, replica)
  },

  async getExecutorById({ executorid }, { db, colony, replica }) {
    const row = await findExecutorById(db, colony.key, executorid)
    if (!row) throw new ColoniesError('not_found', `Executor with Id <${executorid}> not found`)
    return executorOf(row, colony, replica)
  },

  async approveExecutor({ executorname }, { db, colony, replica }) {
    if (!(await approveExecutor(db, colony.key, executorname))) throw unknownExecutor(executorname)
    replica.directoryChanged()
    return {}
  },

  async rejectExecutor({ executorname }, call) {
    return revoke(call, executorname, 2)
  },

  async removeExecutor({ executorname }, call) {
    return revoke(call, executorname, 3)
  },

  async reportAllocations({ executorname, allocations }, { db, caller, colony }) {
    if (caller.executor?.name !== executorname) throw notItself('report allocations to')
    await setAllocations(db, colony.key, executorname, bounded(writeAllocations(allocations), 'allocations'))
    return {}
  },

  async updateExecutor({ executorname, capabilities }, { db, caller, colony }) {
    if (caller.executor?.name !== executorname) throw notItself('update the capabilities of')
    await setCapabilities(db, colony.key, executorname, bounded(writeCapabilities(capabilities), 'capabilities'))
    return {}
  },

  async heartbeat({ processids: processIds, attempts, instanceid }, { db, caller, colony }) {
    if (processIds.length > limits.heartbeatProcessesMax)
      throw new ColoniesError('bad_request', `processids has more than ${limits.heartbeatProcessesMax} entries`)
    if (attempts.length > 0 && attempts.length !== processIds.length)
      throw new ColoniesError('bad_request', 'attempts must be empty or have one entry for each of processids')
    if (instanceid === '') await beat(db, colony.key, caller.id)
    else await noteInstance(db, colony, { executorId: caller.id, instanceId: instanceid })
    return { lost: processIds.length === 0 ? [] : await lostBy(db, colony.key, caller.id, { processIds, attempts }) }
  },
} satisfies Partial<Handlers>

async function noteInstance(db: Call['db'], colony: Colony, instance: Instance): Promise<void> {
  checkId(instance.instanceId, 'instanceid')
  if (!(await beatInstance(db, colony.key, instance, limits.executorInstancesMax)))
    throw new ColoniesError('bad_request', `one executor has at most ${limits.executorInstancesMax} instances`)
}

async function revoke({ db, colony, replica }: Call, name: string, state: 2 | 3) {
  const ready = await revokeExecutor(db, colony.key, name, state)
  if (!ready) throw unknownExecutor(name)
  replica.directoryChanged()
  replica.changed(colony.key)
  replica.hint(colony.key, ready)
  return {}
}

/** State, times and counters are the server's to set: what the caller sent of them is not looked at. */
function newExecutor(executor: ServerSide<typeof Executor>): NewExecutor {
  checkName(executor.executorname, 'executor.executorname')
  checkId(executor.executorid, 'executor.executorid')
  checkLabel(executor.executortype, 'executor.executortype')
  checkLabel(executor.locationname, 'executor.locationname')
  checkLabel(executor.blueprintid, 'executor.blueprintid')
  return {
    name: executor.executorname,
    executor_id: executor.executorid,
    executor_type: executor.executortype,
    location: executor.locationname,
    require_func_reg: executor.requirefuncreg,
    capabilities: bounded(writeCapabilities(executor.capabilities), 'executor.capabilities'),
    allocations: bounded(writeAllocations(executor.allocations), 'executor.allocations'),
    blueprint_id: executor.blueprintid,
    blueprint_gen: BigInt(executor.blueprintgen),
  }
}

function bounded(json: string, field: string): string {
  if (Buffer.byteLength(json) > limits.capabilitiesBytesMax)
    throw new ColoniesError('bad_request', `${field} must have at most ${limits.capabilitiesBytesMax} bytes`)
  return json
}

async function taken({ db, colony }: Call, { name, executor_id }: NewExecutor): Promise<ColoniesError> {
  const holder = await findExecutorById(db, colony.key, executor_id)
  const what = holder && holder.name !== name ? `Id <${executor_id}>` : `name <${name}>`
  return new ColoniesError('already_exists', `Executor with ${what} in Colony <${colony.name}> already exists`)
}

function executorOf(row: ExecutorRow, colony: Colony, replica: Replica) {
  return {
    executorid: row.executor_id,
    executortype: row.executor_type,
    executorname: row.name,
    colonyname: colony.name,
    state: row.state,
    requirefuncreg: row.require_func_reg,
    commissiontime: row.commissioned_at,
    lastheardfromtime: replica.lastHeard(colony.key, row.executor_id) ?? row.last_heard_at ?? zeroTime,
    locationname: row.location,
    capabilities: readCapabilities(row.capabilities),
    allocations: readAllocations(row.allocations),
    blueprintid: row.blueprint_id,
    blueprintgen: Number(row.blueprint_gen),
  }
}

function unknownExecutor(name: string): ColoniesError {
  return new ColoniesError('not_found', `Executor with name <${name}> not found`)
}

function notItself(what: string): ColoniesError {
  return new ColoniesError('not_allowed', `Access denied, an executor can only ${what} itself`)
}
