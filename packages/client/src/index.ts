export type { BatchMethods, CloseItem, CloseManyOptions, Outcome, SubmitManyOptions } from './batches.js'
export { type CallOptions, jitteredMs, type RetryPolicy } from './call.js'
export type { AppendOptions, Channel, ChannelMethods, ReadOptions } from './channel.js'
export type { ChannelMessage } from './channel-message.js'
export { checkWorkflow } from './check-workflow.js'
export { type Client, type ClientOptions, createClient } from './client.js'
export { type Clock, systemClock } from './clock.js'
export { eachAtOnce } from './each-at-once.js'
export * from './errors.js'
export type { Input, Methods, Output } from './methods.js'
export type { Fetch } from './post.js'
export type { Socket, WebSocketClass } from './socket.js'
export type { Subscription } from './subscribe.js'
export {
  hasEnded,
  listOf,
  outputOf,
  ProcessCancelledError,
  ProcessFailedError,
  type WaitingMethods,
} from './waiting.js'
export { join, type Stage, Workflow, WorkflowNode, workflow } from './workflow.js'
export type { WorkflowMethods, WorkflowRun } from './workflow-run.js'
