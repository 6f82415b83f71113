import type { Handlers } from '../handler.js'
import { attributeHandlers } from './attributes.js'
import { batchHandlers } from './batches.js'
import { blueprintDefinitionHandlers } from './blueprint-definitions.js'
import { blueprintHandlers } from './blueprints.js'
import { channelHandlers } from './channels.js'
import { colonyHandlers } from './colonies.js'
import { cronHandlers } from './crons.js'
import { executorHandlers } from './executors.js'
import { fileHandlers } from './files.js'
import { functionHandlers } from './functions.js'
import { generatorHandlers } from './generators.js'
import { identityHandlers } from './identities.js'
import { locationHandlers } from './locations.js'
import { logHandlers } from './logs.js'
import { processHandlers } from './processes.js'
import { serverInfoHandlers } from './server-info.js'
import { snapshotHandlers } from './snapshots.js'
import { storeHandlers } from './store.js'
import { userHandlers } from './users.js'
import { workflowHandlers } from './workflows.js'

/** Does not compile while an operation has no handler. */
export const handlers: Handlers = {
  ...attributeHandlers,
  ...batchHandlers,
  ...blueprintDefinitionHandlers,
  ...blueprintHandlers,
  ...channelHandlers,
  ...colonyHandlers,
  ...cronHandlers,
  ...executorHandlers,
  ...fileHandlers,
  ...functionHandlers,
  ...generatorHandlers,
  ...identityHandlers,
  ...locationHandlers,
  ...logHandlers,
  ...processHandlers,
  ...serverInfoHandlers,
  ...storeHandlers,
  ...snapshotHandlers,
  ...userHandlers,
  ...workflowHandlers,
}
