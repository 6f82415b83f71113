import * as attributes from './attributes.js'
import * as batches from './batches.js'
import * as blueprints from './blueprints.js'
import * as channels from './channels.js'
import * as colonies from './colonies.js'
import * as crons from './crons.js'
import * as executors from './executors.js'
import * as files from './files.js'
import * as functions from './functions.js'
import * as generators from './generators.js'
import * as identities from './identities.js'
import * as locations from './locations.js'
import * as logs from './logs.js'
import * as processes from './processes.js'
import * as serverInfo from './server-info.js'
import * as snapshots from './snapshots.js'
import * as store from './store.js'
import * as subscriptions from './subscriptions.js'
import * as users from './users.js'
import * as workflows from './workflows.js'

const modules = {
  ...attributes,
  ...batches,
  ...blueprints,
  ...channels,
  ...colonies,
  ...crons,
  ...executors,
  ...files,
  ...functions,
  ...generators,
  ...identities,
  ...locations,
  ...logs,
  ...processes,
  ...serverInfo,
  ...store,
  ...snapshots,
  ...subscriptions,
  ...users,
  ...workflows,
}
type Modules = typeof modules

/** Every operation by the name of its client method, which is the name of its export. */
export type Operations = {
  [Name in keyof Modules as Modules[Name] extends { payloadtype: string } ? Name : never]: Modules[Name]
}

const isOperation = (value: unknown): boolean => typeof value === 'object' && value !== null && 'payloadtype' in value

export const operations = Object.fromEntries(
  Object.entries(modules).filter(([, value]) => isOperation(value)),
) as Operations

export type OperationName = keyof Operations
/** The operations that are asked for with `POST /api`. */
export type HttpOperationName = {
  [Name in OperationName]: Name extends `subscribe${string}` ? never : Name
}[OperationName]
