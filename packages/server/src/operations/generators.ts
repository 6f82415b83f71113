import {
  deleteGenerator,
  findGenerator,
  findGeneratorNamed,
  type GeneratorRow,
  insertGenerator,
  listGenerators,
} from '@colonies/database'
import { ColoniesError, type Generator, limits, zeroTime } from '@colonies/protocol'
import type { Call, Colony, Handlers } from '../handler.js'
import { newGenerator } from '../schedules/new-generator.js'
import { checkRequestId } from '../submission/new-process.js'

export const generatorHandlers = {
  async addGenerator({ generator }, { db, caller, colony }) {
    const row = await insertGenerator(db, colony.key, newGenerator(generator, colony.name, caller))
    if (!row)
      throw new ColoniesError(
        'already_exists',
        `Generator with name <${generator.name}> in Colony <${colony.name}> already exists`,
      )
    return generatorOf(row, colony)
  },

  async getGenerator({ generatorid }, { db, colony, replica }) {
    const row = await findGenerator(db, colony.key, generatorid)
    if (!row) throw unknownGenerator(generatorid)
    return { ...generatorOf(row, colony), checkerperiod: replica.config.generatorPeriodMs }
  },

  async resolveGenerator({ generatorname }, { db, colony }) {
    const row = await findGeneratorNamed(db, colony.key, generatorname)
    if (!row) throw new ColoniesError('not_found', `Generator with name <${generatorname}> not found`)
    return generatorOf(row, colony)
  },

  async getGenerators({ count, after }, { db, colony }) {
    if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
    const page = { after, count: Math.min(count, limits.directoryCountMax), bytesMax: limits.workflowListBytesMax }
    return (await listGenerators(db, colony.key, page)).map((row) => generatorOf(row, colony))
  },

  async packGenerator({ generatorid, arg, requestid }, call) {
    await pack(call, { generatorid, args: [arg], requestid })
    return {}
  },

  async packGeneratorMany({ generatorid, args, requestid }, call) {
    if (args.length > limits.batchItemsMax)
      throw new ColoniesError(
        'bad_request',
        `args has ${args.length} items; at most ${limits.batchItemsMax} go at once`,
      )
    await pack(call, { generatorid, args, requestid })
    return { count: args.length }
  },

  async removeGenerator({ generatorid }, { db, colony }) {
    if ((await deleteGenerator(db, colony.key, generatorid)) === 0) throw unknownGenerator(generatorid)
    return {}
  },
} satisfies Partial<Handlers>

interface Arguments {
  generatorid: string
  args: readonly string[]
  requestid: string
}

async function pack({ caller, colony, replica }: Call, { generatorid, args, requestid }: Arguments): Promise<void> {
  checkRequestId(requestid)
  // With the generator, so that the same request id at another one is another request.
  const requestId = requestid === '' ? null : `${generatorid} ${requestid}`
  const packed = await replica.hotPath.pack(colony.key, {
    generatorId: generatorid,
    caller: caller.id,
    requestId,
    args,
  })
  switch (packed.outcome) {
    case 'packed':
      return
    case 'unknown':
      throw unknownGenerator(generatorid)
    case 'too_large':
      throw new ColoniesError(
        'bad_request',
        `An argument of this generator has at most ${packed.argBytesMax} bytes, since all arguments of a graph go into its roots`,
      )
    case 'too_many':
      throw new ColoniesError(
        'too_many',
        `The queue of this generator is full: at most ${limits.generatorQueueMax} arguments and ` +
          `${limits.generatorQueueBytesMax} bytes may wait`,
      )
  }
}

function unknownGenerator(id: string): ColoniesError {
  return new ColoniesError('not_found', `Generator with Id <${id}> not found`)
}

function generatorOf(row: GeneratorRow, colony: Colony): Generator {
  return {
    generatorid: row.generator_id,
    initiatorid: row.initiator_id,
    initiatorname: row.initiator_name,
    colonyname: colony.name,
    name: row.name,
    workflowspec: row.workflow,
    trigger: row.trigger_count,
    timeout: row.timeout_seconds,
    firstpack: row.first_pack ?? zeroTime,
    lastrun: row.last_run ?? zeroTime,
    queuesize: row.queued,
    checkerperiod: 0,
    oldestpack: row.oldest_pack ?? zeroTime,
    lasterror: row.last_error,
  }
}
