import { byBlueprint, byName, operation } from './operation.js'
import { Process } from './processes.js'
import {
  type ClientReply,
  type ClientSide,
  Dict,
  Flag,
  Id,
  Int,
  Int32,
  List,
  ListOrNull,
  nullable,
  omitEmpty,
  optional,
  type ServerSide,
  Shape,
  Text,
  Time,
  UserObject,
} from './schema.js'

/** What definitions and blueprints have in common. */
export const BlueprintMetadata = Shape({
  /** Unique in the colony, among definitions or among blueprints. */
  name: Text,
  colonyname: Text,
  /** Where the reconciler has to be; empty: anywhere. */
  locationname: omitEmpty(Text),
  /** For people and programs; the server only keeps them. */
  labels: omitEmpty(Dict(Text)),
  annotations: omitEmpty(Dict(Text)),
  /** Taken from the request at the add; from then on one more with each change of `spec`. */
  generation: omitEmpty(Int),
  /** This and the next two are set by the server. */
  createdAt: optional(Time),
  updatedAt: optional(Time),
  /** Id of the process that was last submitted to reconcile this blueprint alone. */
  lastReconciliationProcess: omitEmpty(Text),
  /** When it was submitted. */
  lastReconciliationTime: optional(Time),
})

/** Declares a kind of blueprints: what their `spec` has to look like, and which executors make it true. */
export const BlueprintDefinition = Shape({
  /** 64 hex digits; empty: the server makes one. */
  blueprintdefinitionid: optional(Text),
  kind: optional(Text),
  metadata: BlueprintMetadata,
  spec: Shape({
    group: optional(Text),
    version: optional(Text),
    names: Shape({
      /** What blueprints name as their `kind`; one definition of a colony has it. */
      kind: Text,
      listKind: optional(Text),
      singular: optional(Text),
      plural: optional(Text),
      shortNames: omitEmpty(List(Text)),
    }),
    scope: optional(Text),
    /** A JSON Schema for the `spec` of blueprints; references may point into the schema itself only. */
    schema: omitEmpty(UserObject),
    handler: optional(
      Shape({
        /** Type of the executors that reconcile. Without it and `functionName`, nothing happens by itself. */
        executorType: optional(Text),
        functionName: optional(Text),
        /** Seconds from one look at all blueprints to the next; 0: 60. */
        reconcileInterval: omitEmpty(Int32),
      }),
    ),
  }),
})
export type BlueprintDefinition = ClientReply<typeof BlueprintDefinition>
export type ParsedBlueprintDefinition = ServerSide<typeof BlueprintDefinition>

/** A wish of some kind: `spec` says what should be, `status` what its reconciler found. */
export const Blueprint = Shape({
  /** 64 hex digits; empty: the server makes one. Cannot be changed. */
  blueprintid: optional(Text),
  /** `spec.names.kind` of a definition. */
  kind: Text,
  metadata: BlueprintMetadata,
  /** What should be. */
  spec: optional(UserObject),
  /** What is, as the reconciler reported it. An update without it, or with null, keeps what was reported. */
  status: omitEmpty(nullable(UserObject)),
})
export type Blueprint = ClientSide<typeof Blueprint>
export type ParsedBlueprint = ServerSide<typeof Blueprint>

/** One generation of a blueprint. */
export const BlueprintChange = Shape({
  /** A UUID. */
  historyid: Text,
  blueprintid: Id,
  kind: Text,
  /** Name of the colony. */
  namespace: Text,
  /** Name of the blueprint. */
  name: Text,
  generation: Int,
  spec: UserObject,
  status: omitEmpty(UserObject),
  timestamp: Time,
  /** Id of the caller. */
  changedby: Id,
  /** `create` or `update`. */
  changetype: Text,
})

/** Names a definition. */
const definitionOf = { colonyname: Text, name: Text }
/** Names a blueprint, or a definition to be removed. */
const named = {
  /** Name of the colony. */
  namespace: Text,
  name: Text,
}
const inNamespace = ({ namespace }: { namespace: string }) => byName(namespace)

/** Ours: refused with `conflict` unless the blueprint still has this generation; left out or null: not checked. */
const expectedgeneration = nullable(Int)

export const addBlueprintDefinition = operation({
  payloadtype: 'addblueprintdefinitionmsg',
  summary: 'Declare a kind of blueprints.',
  caller: 'colony-owner',
  colony: ({ blueprintdefinition }) => byName(blueprintdefinition.metadata.colonyname),
  input: { blueprintdefinition: BlueprintDefinition },
  output: BlueprintDefinition,
  errors: ['bad_request', 'already_exists'],
})

export const getBlueprintDefinition = operation({
  payloadtype: 'getblueprintdefinitionmsg',
  summary: 'Read one blueprint definition.',
  caller: 'member-or-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: definitionOf,
  output: BlueprintDefinition,
  errors: ['not_found'],
  repeatable: true,
})

export const getBlueprintDefinitions = operation({
  payloadtype: 'getblueprintdefinitionsmsg',
  summary: 'List the blueprint definitions of a colony by name.',
  caller: 'member-or-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Ours: the name of the last definition of the page before. */
    after: optional(Text),
    /** Ours: at most so many; 0: as many as one page has. */
    count: optional(Int32),
  },
  output: List(BlueprintDefinition),
  repeatable: true,
})

export const removeBlueprintDefinition = operation({
  payloadtype: 'removeblueprintdefinitionmsg',
  summary: 'Remove a blueprint definition that no blueprint needs any more.',
  caller: 'colony-owner',
  colony: inNamespace,
  input: named,
  output: Shape({}),
  errors: ['not_found', 'conflict'],
})

export const addBlueprint = operation({
  payloadtype: 'addblueprintmsg',
  summary: 'Add a blueprint, and have it reconciled at once and from time to time.',
  caller: 'member-or-owner',
  colony: ({ blueprint }) => byName(blueprint.metadata.colonyname),
  input: { blueprint: Blueprint },
  output: Blueprint,
  errors: ['bad_request', 'conflict'],
})

export const getBlueprint = operation({
  payloadtype: 'getblueprintmsg',
  summary: 'Read one blueprint.',
  caller: 'member-or-owner',
  colony: inNamespace,
  input: named,
  output: Blueprint,
  errors: ['not_found'],
  repeatable: true,
})

export const getBlueprints = operation({
  payloadtype: 'getblueprintsmsg',
  summary: 'List blueprints by name: all of the colony, of one kind, or of one kind at one location.',
  caller: 'member-or-owner',
  colony: inNamespace,
  input: {
    /** Name of the colony. */
    namespace: Text,
    /** Empty: all kinds, and the location does not count either. */
    kind: optional(Text),
    /** In upper or lower case; empty: all. */
    locationname: optional(Text),
    /** Ours: the name of the last blueprint of the page before. */
    after: optional(Text),
    /** Ours: at most so many; 0: as many as one page has. */
    count: optional(Int32),
  },
  output: ListOrNull(Blueprint),
  repeatable: true,
})

export const updateBlueprint = operation({
  payloadtype: 'updateblueprintmsg',
  summary: 'Replace a blueprint; a changed spec makes a new generation, which is reconciled at once.',
  caller: 'member-or-owner',
  colony: ({ blueprint }) => byName(blueprint.metadata.colonyname),
  input: {
    /** Found by its name; its id and generation do not count. */
    blueprint: Blueprint,
    /** Makes a new generation of the same spec too. */
    forcegeneration: optional(Flag),
    expectedgeneration,
  },
  output: Blueprint,
  errors: ['bad_request', 'not_found', 'conflict'],
})

export const updateBlueprintStatus = operation({
  payloadtype: 'updateblueprintstatusmsg',
  summary: 'Replace what is reported of a blueprint, and nothing else of it.',
  caller: 'member-or-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, blueprintname: Text, status: optional(UserObject), expectedgeneration },
  output: Shape({}),
  errors: ['bad_request', 'not_found', 'conflict'],
  repeatable: true,
})

export const removeBlueprint = operation({
  payloadtype: 'removeblueprintmsg',
  summary: 'Remove a blueprint with its history, and have its reconciler clean up.',
  caller: 'member-or-owner',
  colony: inNamespace,
  input: named,
  output: Shape({}),
  errors: ['not_found'],
})

export const getBlueprintHistory = operation({
  payloadtype: 'getblueprinthistorymsg',
  summary: 'List the generations of a blueprint, newest first.',
  caller: 'member-or-owner',
  colony: ({ blueprintid }) => byBlueprint(blueprintid),
  input: {
    blueprintid: Id,
    /** 0 and less: all that are kept, which are `limits.blueprintHistoryMax`. */
    limit: optional(Int32),
    /** Ours: the generation of the last entry of the page before. */
    aftergeneration: nullable(Int),
  },
  output: ListOrNull(BlueprintChange),
  errors: ['not_found'],
  repeatable: true,
})

export const reconcileBlueprint = operation({
  payloadtype: 'reconcileblueprintmsg',
  summary: 'Have a blueprint reconciled now.',
  caller: 'member-or-owner',
  colony: inNamespace,
  input: {
    ...named,
    /** Makes a new generation, and tells the reconciler to start from nothing. */
    force: optional(Flag),
  },
  /** What was submitted. */
  output: Process,
  errors: ['bad_request', 'not_found', 'too_many'],
})
