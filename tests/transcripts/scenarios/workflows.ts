import { failedGraph, finishedGraph, graph, oneExecutor, runningGraph, type Scenario, twice } from './steps.js'

export const workflowScenarios: Record<string, Scenario> = {
  addchildmsg: runningGraph,
  'addchildmsg: add child by another executor': async (world, one) => {
    await world.has('executor2')
    return runningGraph(world, one)
  },
  'addchildmsg: insert child': async (world, one) => {
    const plan = await runningGraph(world, one)
    await world.replay('addchildmsg', 'add child', plan)
    return plan
  },
  cancelprocessgraphmsg: graph,
  'cancelprocessgraphmsg: cancel a cancelled workflow': twice(graph),
  getprocessgraphmsg: graph,
  'getprocessgraphmsg: get finished workflow': finishedGraph,
  'getprocessgraphmsg: get failed workflow': failedGraph,
  getprocessgraphsmsg: graph,
  'getprocessgraphsmsg: list waiting workflows when there are none': oneExecutor,
  'getprocessgraphsmsg: pycolonies: getprocessgraphsmsg': oneExecutor,
  'getprocessgraphsmsg: list running workflows': runningGraph,
  removeallprocessgraphsmsg: failedGraph,
  removeprocessgraphmsg: graph,
  submitworkflowspecmsg: oneExecutor,
}
