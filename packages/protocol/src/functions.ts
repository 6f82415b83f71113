import { byFunction, byName, operation } from './operation.js'
import { Flag, Float, Int, List, ListOrNull, omitEmpty, optional, Shape, Text } from './schema.js'

export const FunctionArg = Shape({
  name: Text,
  /** `string`, `number`, `integer`, `boolean`, `array`, `object`, or anything else. */
  type: optional(Text),
  description: omitEmpty(Text),
  required: omitEmpty(Flag),
  /** The only values allowed; empty: any. */
  enum: omitEmpty(List(Text)),
})

/** A function that an executor offers, and how it went so far. Times are seconds, over successful processes. */
export const FunctionRegistration = Shape({
  /** Empty: the server makes one. */
  functionid: optional(Text),
  executorname: Text,
  executortype: optional(Text),
  colonyname: Text,
  funcname: Text,
  description: omitEmpty(Text),
  args: omitEmpty(List(FunctionArg)),
  /** How often it succeeded; this and the times are set by the server. */
  counter: optional(Int),
  minwaittime: optional(Float),
  maxwaittime: optional(Float),
  minexectime: optional(Float),
  maxexectime: optional(Float),
  avgwaittime: optional(Float),
  avgexectime: optional(Float),
  locationname: omitEmpty(Text),
})

const listing = {
  caller: 'member',
  colony: ({ colonyname }: { colonyname: string }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Empty: of the whole colony. */
    executorname: optional(Text),
    /** Ours: `executorname` and `funcname` of the last function of the page before. */
    afterexecutor: optional(Text),
    afterfunction: optional(Text),
  },
  output: ListOrNull(FunctionRegistration),
  repeatable: true,
} as const

export const addFunction = operation({
  payloadtype: 'addfunctionmsg',
  summary: 'An executor registers a function; registering it again replaces its description.',
  caller: 'member',
  colony: ({ fun, function: renamed }) => byName(fun.colonyname || renamed.colonyname),
  input: {
    /** The function. */
    fun: FunctionRegistration,
    /** The same, under the name that the Rust SDK sends; looked at when `fun` is not there. */
    function: optional(FunctionRegistration),
  },
  output: FunctionRegistration,
  errors: ['bad_request', 'not_allowed', 'already_exists'],
  repeatable: true,
})

export const getFunctions = operation({
  ...listing,
  payloadtype: 'getfunctionsmsg',
  summary: 'List the functions of an executor, or of the whole colony.',
})

export const getFunctionsByExecutor = operation({
  ...listing,
  payloadtype: 'getfunctionsbyexecutormsg',
  summary: 'The same, under the name that the Rust SDK uses.',
})

export const removeFunction = operation({
  payloadtype: 'removefunctionmsg',
  summary: 'An executor takes a function of its own back.',
  caller: 'member',
  colony: ({ functionid }) => byFunction(functionid),
  input: { functionid: Text },
  output: Shape({}),
  errors: ['not_found', 'not_allowed'],
})
