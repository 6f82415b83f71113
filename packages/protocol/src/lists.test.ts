import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from './limits.js'
import type { AnyOperation } from './operation.js'
import { type OperationName, operations } from './operations.js'

interface Bound {
  /** What a reply has at most. */
  limit: keyof typeof limits
  /** Fields of the request that say where to read on, or why nobody has to. */
  cursor: readonly string[] | string
}

/** Each operation whose reply is a list. */
const bounds: { readonly [Name in OperationName]?: Bound } = {
  assignBatch: { limit: 'assignBatchMax', cursor: 'the next assign gives others' },
  channelRead: { limit: 'channelReadBytesMax', cursor: ['afterseq'] },
  closeBatch: { limit: 'batchItemsMax', cursor: 'one outcome for each item of the request' },
  getBlueprintDefinitions: { limit: 'blueprintPageBytesMax', cursor: ['after'] },
  getBlueprintHistory: { limit: 'blueprintHistoryMax', cursor: ['aftergeneration'] },
  getBlueprints: { limit: 'blueprintPageBytesMax', cursor: ['after'] },
  getChannels: { limit: 'channelsMax', cursor: 'a process has no more channels' },
  getColonies: { limit: 'directoryCountMax', cursor: ['after'] },
  getCrons: { limit: 'workflowListBytesMax', cursor: ['after'] },
  getExecutors: { limit: 'directoryCountMax', cursor: ['after'] },
  getFile: { limit: 'fileRevisionCountMax', cursor: ['after'] },
  getFileLabels: { limit: 'fileCountMax', cursor: ['after'] },
  getFiles: { limit: 'fileCountMax', cursor: ['after'] },
  getFileTree: { limit: 'fileTreeCountMax', cursor: ['afterlabel', 'aftername'] },
  getFunctions: { limit: 'directoryCountMax', cursor: ['afterexecutor', 'afterfunction'] },
  getFunctionsByExecutor: { limit: 'directoryCountMax', cursor: ['afterexecutor', 'afterfunction'] },
  getGenerators: { limit: 'workflowListBytesMax', cursor: ['after'] },
  getLocations: { limit: 'directoryCountMax', cursor: ['after'] },
  getLogs: { limit: 'logCountMax', cursor: ['since'] },
  getProcessEvents: { limit: 'eventCountMax', cursor: ['after'] },
  getProcesses: { limit: 'listCountMax', cursor: ['after'] },
  getProcessGraphs: { limit: 'listCountMax', cursor: ['after'] },
  getProcessHistory: { limit: 'historyCountMax', cursor: ['after'] },
  getSnapshotFiles: { limit: 'fileTreeCountMax', cursor: ['after'] },
  getSnapshots: { limit: 'snapshotCountMax', cursor: ['after'] },
  getUsers: { limit: 'directoryCountMax', cursor: ['after'] },
  searchLogs: { limit: 'logSearchCountMax', cursor: ['before'] },
  submitBatch: { limit: 'batchItemsMax', cursor: 'one outcome for each item of the request' },
  subscribeChannel: { limit: 'channelReadBytesMax', cursor: ['afterseq'] },
}

const entries = Object.entries(operations) as [OperationName, AnyOperation][]

test('every list has a limit, and says how to read on', () => {
  const lists = entries.filter(([, { output }]) => output.type === 'array').map(([name]) => name)
  assert.deepEqual(
    lists.sort(),
    Object.keys(bounds).sort(),
    'the table has exactly the operations whose reply is a list',
  )
  for (const [name, bound] of Object.entries(bounds)) {
    assert.ok(limits[bound.limit] > 0, name)
    if (typeof bound.cursor === 'string') continue
    const fields = Object.keys(operations[name as OperationName].input.properties)
    for (const field of bound.cursor) assert.ok(fields.includes(field), `${name} has no field ${field}`)
  }
})
