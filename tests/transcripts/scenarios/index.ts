import { blueprintScenarios } from './blueprints.js'
import { channelScenarios } from './channels.js'
import { cronScenarios } from './crons.js'
import { directoryScenarios } from './directory.js'
import { fileScenarios } from './files.js'
import { generatorScenarios } from './generators.js'
import { processScenarios } from './processes.js'
import { snapshotScenarios } from './snapshots.js'
import type { Scenario } from './steps.js'
import { subscriptionScenarios } from './subscriptions.js'
import { workflowScenarios } from './workflows.js'

/**
 * What has to be there before a recorded request is sent again: one entry for each message type, and one for each case
 * that needs something else, by message type and name of the case.
 */
export const scenarios: Record<string, Scenario> = {
  ...blueprintScenarios,
  ...cronScenarios,
  ...channelScenarios,
  ...directoryScenarios,
  ...fileScenarios,
  ...generatorScenarios,
  ...processScenarios,
  ...snapshotScenarios,
  ...subscriptionScenarios,
  ...workflowScenarios,
}
