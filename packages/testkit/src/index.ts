export * from './test-colony.js'
export * from './test-database.js'
export * from './test-server.js'
