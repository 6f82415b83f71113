import * as attributes from './attributes.js'
import * as batches from './batches.js'
import * as processes from './processes.js'
import * as subscriptions from './subscriptions.js'
import * as workflows from './workflows.js'

/** Every operation by the name of its client method. */
export const operations = {
  submit: processes.submit,
  assign: processes.assign,
  closeSuccessful: processes.closeSuccessful,
  closeFailed: processes.closeFailed,
  setOutput: processes.setOutput,
  unassign: processes.unassign,
  cancelProcess: processes.cancelProcess,
  getProcess: processes.getProcess,
  getProcesses: processes.getProcesses,
  getProcessHistory: processes.getProcessHistory,
  removeProcess: processes.removeProcess,
  removeAllProcesses: processes.removeAllProcesses,
  submitBatch: batches.submitBatch,
  assignBatch: batches.assignBatch,
  closeBatch: batches.closeBatch,
  addAttribute: attributes.addAttribute,
  getAttribute: attributes.getAttribute,
  removeAttribute: attributes.removeAttribute,
  submitWorkflow: workflows.submitWorkflow,
  addChild: workflows.addChild,
  getProcessGraph: workflows.getProcessGraph,
  getProcessGraphs: workflows.getProcessGraphs,
  cancelProcessGraph: workflows.cancelProcessGraph,
  removeProcessGraph: workflows.removeProcessGraph,
  removeAllProcessGraphs: workflows.removeAllProcessGraphs,
  subscribeProcess: subscriptions.subscribeProcess,
  subscribeProcesses: subscriptions.subscribeProcesses,
  subscribeAttribute: subscriptions.subscribeAttribute,
} as const

export type Operations = typeof operations
export type OperationName = keyof Operations
/** The operations that are asked for with `POST /api`. */
export type HttpOperationName = {
  [Name in OperationName]: Name extends `subscribe${string}` ? never : Name
}[OperationName]
