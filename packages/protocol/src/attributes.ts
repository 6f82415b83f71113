import { attempt } from './attempt.js'
import { byAttribute, byProcess, operation } from './operation.js'
import { Id, Int32, optional, Shape, Text } from './schema.js'

/** The numbers of the types of attributes on the wire: `out` is what executors tell about their work. */
export const AttributeType = { in: 0, out: 1, err: 2, env: 3 } as const

/** A key and value attached to a process. The id is the hash of process, key and type. */
export const Attribute = Shape({
  /** Made by the server. */
  attributeid: optional(Text),
  /** Id of the process. */
  targetid: Id,
  /** Set by the server, as the next two. */
  targetcolonyname: optional(Text),
  targetprocessgraphid: optional(Text),
  state: optional(Int32),
  /** 0 in, 1 out, 2 err, 3 env. */
  attributetype: optional(Int32),
  /** Once for each process and type. */
  key: Text,
  value: Text,
})

export const addAttribute = operation({
  payloadtype: 'addattributemsg',
  summary: 'Attach a key and value to a running process; only the executor that holds it may.',
  caller: 'member',
  colony: ({ attribute }) => byProcess(attribute.targetid),
  input: { attribute: Attribute, attempt },
  output: Attribute,
  errors: ['not_found', 'not_running', 'lease_lost', 'already_exists', 'too_many'],
})

export const getAttribute = operation({
  payloadtype: 'getattributemsg',
  summary: 'Read one attribute.',
  caller: 'member',
  colony: ({ attributeid }) => byAttribute(attributeid),
  input: { attributeid: Id },
  output: Attribute,
  errors: ['not_found'],
  repeatable: true,
})

export const removeAttribute = operation({
  payloadtype: 'removeattributemsg',
  summary: 'Remove an attribute of a running process; only the executor that holds it may.',
  caller: 'member',
  colony: ({ attributeid }) => byAttribute(attributeid),
  input: { attributeid: Id, attempt },
  output: Shape({}),
  errors: ['not_found', 'not_running', 'lease_lost'],
})
