export type { Loop, LoopContext } from './background/loop.js'
export { type Config, ConfigError, configFrom, type Environment, type HttpConfig, readConfig } from './config.js'
export { distributeDatabase } from './distribute-database.js'
export {
  type Call,
  type Caller,
  type Colony,
  type Handler,
  type Handlers,
  Rendered,
  type Replica,
  type Reply,
} from './handler.js'
export { filePage } from './http/file-page.js'
export type { Page } from './http/listener.js'
export { createLog, type Log, type LogFields, type LogLevel } from './log.js'
export { createReplica } from './replica.js'
export { type RunningServer, type ServerOptions, startServer } from './server.js'
export type { Parts, Shell, Wire } from './shell.js'
export { checkStore, type MissingObject, type StoreCheck } from './store/check-store.js'
export type { Outlet, Subscribe, Subscriptions } from './subscriber.js'
export { isWorker, runWorker, runWorkers, type WorkersOptions } from './workers.js'
