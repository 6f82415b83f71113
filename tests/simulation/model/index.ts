export * from './claims.js'
export * from './closes.js'
export * from './crons.js'
export * from './directory.js'
export * from './generators.js'
export * from './graphs.js'
export {
  beatInstance,
  coloniesWithLostInstances,
  releaseFromLostInstances,
} from './instances.js'
export * from './listening.js'
export * from './reads.js'
export * from './releases.js'
export * from './submissions.js'
