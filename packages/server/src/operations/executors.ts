import { checkId, checkLabel, checkName } from '@colonies/core'
import {
  approveExecutor,
  beat,
  type ExecutorRow,
  findExecutor,
  findExecutorById,
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
  async addExecutor({ executor }, { db, colony, replica }) {
    const wanted = newExecutor(executor)
    const { row, ready } = replica.config.allowExecutorReregister
      ? await replaceExecutor(db, colony.key, wanted)
      : { row: await insertExecutor(db, colony.key, wanted), ready: [] }
    if (!row)
      throw new ColoniesError(
        'already_exists',
        `Executor with name <${wanted.name}> or its Id in Colony <${colony.name}> already exists`,
      )
    replica.directoryChanged()
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
    await setAllocations(db, colony.key, executorname, writeAllocations(allocations))
    return {}
  },

  async updateExecutor({ executorname, capabilities }, { db, caller, colony }) {
    if (caller.executor?.name !== executorname) throw notItself('update the capabilities of')
    await setCapabilities(db, colony.key, executorname, writeCapabilities(capabilities))
    return {}
  },

  async heartbeat({ processids }, { db, caller, colony }) {
    if (processids.length > limits.heartbeatProcessesMax)
      throw new ColoniesError('bad_request', `processids has more than ${limits.heartbeatProcessesMax} entries`)
    await beat(db, colony.key, caller.id)
    return { lost: processids.length === 0 ? [] : await lostBy(db, colony.key, caller.id, processids) }
  },
} satisfies Partial<Handlers>

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
  const capabilities = writeCapabilities(executor.capabilities)
  const allocations = writeAllocations(executor.allocations)
  if (capabilities.length > limits.capabilitiesBytesMax || allocations.length > limits.capabilitiesBytesMax)
    throw new ColoniesError(
      'bad_request',
      `executor.capabilities and executor.allocations may have at most ${limits.capabilitiesBytesMax} bytes each`,
    )
  return {
    name: executor.executorname,
    executor_id: executor.executorid,
    executor_type: executor.executortype,
    location: executor.locationname,
    require_func_reg: executor.requirefuncreg,
    capabilities,
    allocations,
    blueprint_id: executor.blueprintid,
    blueprint_gen: BigInt(executor.blueprintgen),
  }
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
    lastheardfromtime: replica.lastHeard(row.executor_id) ?? row.last_heard_at ?? zeroTime,
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
