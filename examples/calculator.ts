import { createExecutor, defineFunction, stopOnSignals } from '@colonies/executor'

const add = defineFunction(
  {
    name: 'add',
    args: [
      { name: 'a', type: 'number', required: true },
      { name: 'b', type: 'number', required: true },
    ],
  },
  (_context, a, b) => a + b,
)

const executor = createExecutor({
  connection: { endpoint: 'http://localhost:50080', privateKey: process.env.COLONIES_PRVKEY },
  colonyname: 'dev',
  name: 'calculator',
  type: 'maths',
  functions: [add],
})
const stopped = stopOnSignals(executor, process) // Ctrl-C waits for what runs, and gives the rest back
await executor.start() // returns once the colony owner has approved it
console.log('calculator takes processes of type maths; Ctrl-C stops it')
await stopped
