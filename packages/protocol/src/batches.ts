import { attempt } from './attempt.js'
import { byName, operation } from './operation.js'
import { FunctionSpec, Process } from './processes.js'
import { Flag, Id, Int32, List, omitEmpty, optional, Shape, Text, UserList } from './schema.js'

/** Our extension: many operations under one signature, each item with its own outcome. */

/** Why an item was refused; `status` 0, no `message` and no `code`: it was not. */
const Refusal = { status: omitEmpty(Int32), message: omitEmpty(Text), code: omitEmpty(Text) }

export const submitBatch = operation({
  payloadtype: 'submitbatchmsg',
  summary: 'Submit many function specs to one colony under one signature.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** At most `limits.batchItemsMax`. The colony of each spec may be empty. */
    items: List(Shape({ spec: FunctionSpec, requestid: optional(Text) })),
  },
  output: List(Shape({ processid: Text, ...Refusal })),
  errors: ['bad_request', 'unavailable'],
})

export const assignBatch = operation({
  payloadtype: 'assignbatchmsg',
  summary: 'Wait until at least one process fits this executor and take up to `count`.',
  caller: 'executor',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Seconds to wait; negative: answer at once. */
    timeout: Int32,
    /** At most `limits.assignBatchMax`. */
    count: Int32,
    /** Free millicores as `1000m`; empty: no limit. */
    availablecpu: optional(Text),
    /** Free memory as `10Gi`; empty: no limit. */
    availablemem: optional(Text),
    /** Ours: asking again with the same value gives the same processes while they are still held. */
    assignid: optional(Text),
  },
  output: List(Process),
  errors: ['assignments_paused', 'assignments_paused_now', 'bad_request', 'unavailable'],
})

export const closeBatch = operation({
  payloadtype: 'closebatchmsg',
  summary: 'Close many processes of one colony under one signature.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** At most `limits.batchItemsMax`. */
    items: List(
      Shape({
        processid: Id,
        failed: optional(Flag),
        out: optional(UserList),
        errors: optional(List(Text)),
        attempt,
      }),
    ),
  },
  output: List(Shape({ processid: Id, ...Refusal })),
  errors: ['bad_request', 'unavailable'],
  repeatable: true,
})
