import { byGenerator, byName, operation } from './operation.js'
import { Id, Int, Int32, List, ListOrNull, omitEmpty, optional, type ServerSide, Shape, Text, Time } from './schema.js'

/** A workflow that is started when enough arguments have been collected for it. */
export const Generator = Shape({
  /** Made by the server. */
  generatorid: optional(Text),
  /** Who added it, and is the initiator of every graph; while that is no member of the colony, nothing is started. */
  initiatorid: optional(Text),
  initiatorname: optional(Text),
  colonyname: Text,
  /** Unique in its colony. */
  name: Text,
  /** JSON text of a workflow spec, kept as it came. Its colony is that of the generator, or empty. */
  workflowspec: Text,
  /** How many arguments go into one graph: 1 to `limits.generatorTriggerMax`. */
  trigger: Int32,
  /** Seconds after which fewer make a graph, counted from the oldest that waits, or from the last run; 0 or less: never. */
  timeout: optional(Int32),
  /** When the first argument ever was packed. */
  firstpack: optional(Time),
  /** When the last graph was started. */
  lastrun: optional(Time),
  /** How many arguments wait. */
  queuesize: optional(Int),
  /** How often the server looks, in ms; only when one generator is read, else 0. */
  checkerperiod: optional(Int),
  /** Ours: when the oldest argument that waits was packed. */
  oldestpack: omitEmpty(Time),
  /** Ours: why no graph was started last; the arguments wait, and it is tried again each minute. */
  lasterror: omitEmpty(Text),
})
export type Generator = ServerSide<typeof Generator>

export const addGenerator = operation({
  payloadtype: 'addgeneratormsg',
  summary: 'Add a generator; its workflow is checked whole.',
  caller: 'member',
  colony: ({ generator }) => byName(generator.colonyname),
  input: { generator: Generator },
  output: Generator,
  errors: ['bad_request', 'already_exists'],
})

export const getGenerator = operation({
  payloadtype: 'getgeneratormsg',
  summary: 'Read one generator.',
  caller: 'member',
  colony: ({ generatorid }) => byGenerator(generatorid),
  input: { generatorid: Id },
  output: Generator,
  errors: ['not_found'],
  repeatable: true,
})

export const resolveGenerator = operation({
  payloadtype: 'resolvegeneratormsg',
  summary: 'Read one generator by its name.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, generatorname: Text },
  output: Generator,
  errors: ['not_found'],
  repeatable: true,
})

export const getGenerators = operation({
  payloadtype: 'getgeneratorsmsg',
  summary: 'List the generators of a colony, oldest first.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** How many at most; 0 gives none. A list is shorter when its workflows are large. */
    count: optional(Int32),
    /** Ours: the id of the last generator of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Generator),
  errors: ['bad_request'],
  repeatable: true,
})

export const packGenerator = operation({
  payloadtype: 'packgeneratormsg',
  summary: 'Hand in an argument; it reaches exactly one graph.',
  caller: 'member',
  colony: ({ generatorid }) => byGenerator(generatorid),
  input: {
    generatorid: Id,
    arg: optional(Text),
    /** Ours: the same request again, within a day, does not pack again. */
    requestid: optional(Text),
  },
  output: Shape({}),
  errors: ['bad_request', 'not_found', 'too_many', 'unavailable'],
})

export const packGeneratorMany = operation({
  payloadtype: 'packgeneratormanymsg',
  summary: 'Hand in many arguments, in their order: all of them or none.',
  caller: 'member',
  colony: ({ generatorid }) => byGenerator(generatorid),
  input: {
    generatorid: Id,
    /** At most `limits.batchItemsMax`. */
    args: List(Text),
    /** The same request again, within a day, does not pack again. */
    requestid: optional(Text),
  },
  /** How many were packed, by this request or by the same one before. */
  output: Shape({ count: Int }),
  errors: ['bad_request', 'not_found', 'too_many', 'unavailable'],
})

export const removeGenerator = operation({
  payloadtype: 'removegeneratormsg',
  summary: 'Remove a generator with the arguments that wait; what it has started stays.',
  caller: 'member',
  colony: ({ generatorid }) => byGenerator(generatorid),
  input: { generatorid: Id },
  output: Shape({}),
  errors: ['not_found'],
})
