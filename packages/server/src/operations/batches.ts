import type { Claimed } from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Handlers, Rendered } from '../handler.js'
import { newSubmission } from '../submission/new-process.js'
import { type KeptCall, waitFor } from './assign-wait.js'
import { claimedText, closeFailed, closeSuccessful } from './processes.js'

export const batchHandlers = {
  async submitBatch({ items }, { caller, colony, replica }) {
    checkItems(items.length)
    return Promise.all(
      items.map((item, place) =>
        outcome('', async () => {
          const wanted = item.spec.conditions.colonyname
          if (wanted !== '' && wanted !== colony.name)
            throw new ColoniesError('bad_request', `items[${place}].spec.conditions.colonyname is another colony`)
          if (item.spec.funcname === '' && item.spec.conditions.executortype === '')
            throw new ColoniesError(
              'bad_request',
              `items[${place}].spec must have a funcname and conditions.executortype`,
            )
          const submission = newSubmission(item, colony.name, caller, `items[${place}].spec`)
          return (await replica.hotPath.submit(colony.key, submission, place === 0 ? 1 : 0)).process_id
        }),
      ),
    )
  },

  assignBatch(input, call) {
    return waitFor(call, { ...input, slots: input.count }, assignedTexts)
  },

  async closeBatch({ items }, call) {
    checkItems(items.length)
    return Promise.all(
      items.map((item) =>
        outcome(item.processid, async () => {
          await (item.failed ? closeFailed : closeSuccessful)(call, item)
          return item.processid
        }),
      ),
    )
  },
} satisfies Partial<Handlers>

function assignedTexts(call: KeptCall, claimed: readonly Claimed[]): Promise<Rendered> {
  return claimedText(call, claimed, (texts) => `[${texts.join(',')}]`)
}

/** Each item has its own outcome; only our own faults fail the whole request. */
async function outcome(processid: string, work: () => Promise<string>) {
  try {
    return { processid: await work(), status: 0, message: '', code: '' }
  } catch (error) {
    if (!(error instanceof ColoniesError)) throw error
    const { status, message, code } = error
    return { processid, status, message, code }
  }
}

function checkItems(count: number): void {
  if (count > limits.batchItemsMax)
    throw new ColoniesError('bad_request', `items has ${count} entries; send at most ${limits.batchItemsMax} at once`)
}
