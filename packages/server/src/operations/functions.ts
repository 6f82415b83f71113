import { checkLabel, checkName } from '@colonies/core'
import {
  deleteFunction,
  type FunctionRow,
  type FunctionStatistics,
  findFunction,
  functionStatistics,
  listFunctions,
  upsertFunction,
} from '@colonies/database'
import { isId, newId } from '@colonies/identity'
import {
  ColoniesError,
  compileDecoder,
  compileEncoder,
  FunctionArg,
  type FunctionRegistration,
  type getFunctions,
  List,
  limits,
  optional,
  type ServerSide,
  Shape,
} from '@colonies/protocol'
import type { Call, Colony, Handlers } from '../handler.js'

type Registration = ServerSide<typeof FunctionRegistration>

const ArgList = Shape({ args: optional(List(FunctionArg)) })
const writeArgs = compileEncoder(ArgList, { json: 'text' })
const readArgs = compileDecoder(ArgList, { json: 'text' })

export const functionHandlers = {
  async addFunction({ fun: named, function: renamed }, { db, caller, colony }) {
    const fun = named.colonyname === '' ? renamed : named
    const { executor } = caller
    if (executor?.name !== fun.executorname)
      throw new ColoniesError(
        'not_allowed',
        'Access denied, not allowed to add a function to another executor: fun.executorname must be your own',
      )
    const wanted = newFunction(fun, executor.location)
    const row = await upsertFunction(db, colony.key, wanted)
    if (!row)
      throw new ColoniesError(
        'already_exists',
        `A function with Id <${wanted.function_id}> already exists in Colony <${colony.name}>`,
      )
    const statistics = await functionStatistics(db, colony.key, [row.executor_name])
    const ofThis = statistics.find(({ funcname }) => funcname === row.function_name)
    return functionOf(row, ofThis, colony)
  },

  getFunctions: listOf,
  getFunctionsByExecutor: listOf,

  async removeFunction({ functionid }, { db, caller, colony }) {
    if ((await deleteFunction(db, colony.key, functionid, caller.executor?.name ?? '')) > 0) return {}
    if (await findFunction(db, colony.key, functionid))
      throw new ColoniesError('not_allowed', 'Access denied, not allowed to remove a function from another executor')
    throw new ColoniesError('not_found', `Function with Id <${functionid}> not found`)
  },
} satisfies Partial<Handlers>

/** Counters and times are the server's to set: what the caller sent of them is not looked at. */
function newFunction(fun: Registration, location: string): FunctionRow {
  checkName(fun.funcname, 'fun.funcname')
  checkLabel(fun.executortype, 'fun.executortype')
  if (fun.functionid !== '' && !isId(fun.functionid))
    throw new ColoniesError('bad_request', 'fun.functionid must be 64 lower-case hex digits, or empty for a new one')
  const args = writeArgs({ args: fun.args })
  checkSize(fun.description, 'fun.description')
  checkSize(args, 'fun.args')
  return {
    function_id: fun.functionid || newId(),
    executor_name: fun.executorname,
    executor_type: fun.executortype,
    function_name: fun.funcname,
    description: fun.description,
    args,
    location,
  }
}

function checkSize(text: string, field: string): void {
  if (Buffer.byteLength(text) > limits.descriptionBytesMax)
    throw new ColoniesError('bad_request', `${field} must have at most ${limits.descriptionBytesMax} bytes`)
}

async function listOf(input: ServerSide<typeof getFunctions.input>, { db, colony }: Call): Promise<Registration[]> {
  const { executorname, afterexecutor, afterfunction } = input
  const after = { executor: afterexecutor, function: afterfunction }
  const page = { executorName: executorname, after, count: limits.directoryCountMax }
  const rows = await listFunctions(db, colony.key, page)
  if (rows.length === 0) return []
  const statistics = new Map<string, FunctionStatistics>()
  const names = [...new Set(rows.map((row) => row.executor_name))]
  for (const entry of await functionStatistics(db, colony.key, names))
    statistics.set(`${entry.executor_name}:${entry.funcname}`, entry)
  return rows.map((row) => functionOf(row, statistics.get(`${row.executor_name}:${row.function_name}`), colony))
}

function functionOf(row: FunctionRow, statistics: FunctionStatistics | undefined, colony: Colony): Registration {
  return {
    functionid: row.function_id,
    executorname: row.executor_name,
    executortype: row.executor_type,
    colonyname: colony.name,
    funcname: row.function_name,
    description: row.description,
    args: readArgs(row.args).args,
    counter: statistics?.counter ?? 0,
    minwaittime: statistics?.minwaittime ?? 0,
    maxwaittime: statistics?.maxwaittime ?? 0,
    minexectime: statistics?.minexectime ?? 0,
    maxexectime: statistics?.maxexectime ?? 0,
    avgwaittime: statistics?.avgwaittime ?? 0,
    avgexectime: statistics?.avgexectime ?? 0,
    locationname: row.location,
  }
}
