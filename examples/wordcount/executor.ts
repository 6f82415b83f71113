// One executor process: started by run.ts with everything in its environment.
import { createExecutor, stopOnSignals } from '@colonies/executor'
import { wordcountFunctions } from './functions.js'

const { COLONIES_URL = '', COLONIES_COLONY_NAME = '', COLONIES_COLONY_PRVKEY = '', COLONIES_PRVKEY = '' } = process.env

const executor = createExecutor({
  connection: { endpoint: COLONIES_URL, privateKey: COLONIES_PRVKEY },
  colonyname: COLONIES_COLONY_NAME,
  colonyPrivateKey: COLONIES_COLONY_PRVKEY,
  name: process.env.COLONIES_EXECUTOR_NAME ?? 'counter',
  type: 'wordcount',
  functions: wordcountFunctions,
})
const stopped = stopOnSignals(executor, process)
await executor.start()
console.log('started')
await stopped
