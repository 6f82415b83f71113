import type { Row } from '../row.js'
import { batchRows } from './batches.js'
import { channelRows } from './channels.js'
import { byteRow } from './cost-bytes.js'
import { lookRows } from './cost-looks.js'
import { costRows } from './costs.js'
import { depthRows } from './depth.js'
import { idleRows } from './idle.js'
import { listRows } from './lists.js'
import { nodeRows } from './nodes.js'
import { pollRows } from './polls.js'
import { processRows } from './processes.js'
import { replicaRows } from './replicas.js'
import { scheduleRows } from './schedules.js'
import { workflowRows } from './workflows.js'

/** In the order of the tables: first what every server has, last what leaves the database large. */
export const rows: readonly Row[] = [
  byteRow,
  ...processRows,
  ...batchRows,
  ...workflowRows,
  ...scheduleRows,
  ...channelRows,
  ...replicaRows,
  ...nodeRows,
  ...pollRows,
  ...idleRows,
  ...costRows,
  ...lookRows,
  ...depthRows,
  ...listRows,
]
