import type { Claimant, NewGraph, NewNode } from '@colonies/database'
import type { Run } from '../model/model-database.js'
import { executorNames, idOf, instanceIds, maybe, newProcess, type Scene, someHeld } from './scene.js'
import { childRun, cronRun, generatorRun, packRun } from './schedule-operations.js'

/** A graph in which nodes depend on some of the earlier ones. */
function newGraph(scene: Scene): NewGraph {
  const { random } = scene
  const size = random.between(1, 5)
  const nodes = Array.from({ length: size }, (_, at): NewNode & { children: string[] } => {
    const { requestId: _r, holder: _h, ...process } = newProcess(scene)
    return { process: { ...process, nodeName: `n${at}` }, parents: [], children: [], input: null }
  })
  for (const [at, node] of nodes.entries()) {
    const parents = random.some(nodes.slice(0, at), 0.4)
    node.parents = parents.map(({ process }) => process.processId)
    for (const parent of parents) parent.children.push(node.process.processId)
  }
  return {
    graphId: scene.newId(),
    initiatorId: idOf('me'),
    initiatorName: 'me',
    requestId: maybe(random, `g${random.between(1, 6)}`),
    cron: null,
    nodes,
    attributes: [],
  }
}

function submitRun(scene: Scene): Run {
  const { random, colony } = scene
  const processes = Array.from({ length: random.between(1, 4) }, () => {
    const name = random.pick(executorNames)
    const holder = maybe(random, { id: idOf(name), name, assignId: `a${random.between(1, 4)}` })
    return { ...newProcess(scene), holder }
  })
  return { name: 'insertProcesses', args: [colony.key, processes, []] }
}

function submitGraphRun(scene: Scene): Run {
  return { name: 'insertGraph', args: [scene.colony.key, newGraph(scene)] }
}

function claimRun({ random, colony }: Scene): Run {
  const shape = {
    executorType: random.pick(['cpu', 'cpu', 'gpu']),
    location: random.pick(['', 'home']),
    cpu: BigInt(random.pick([0, 1000])),
    memory: 0n,
    // Before all: the statement finds the same in another way. (Priority times of the model are not those of PostgreSQL.)
    ...(random.chance(0.5) && { from: 0n }),
    hasOthers: random.chance(0.3),
  }
  const marked = random.some(executorNames)
  const claimants = Array.from({ length: random.between(1, 4) }, (): Claimant => {
    const name = random.pick(executorNames)
    const ofInstance = random.chance(0.5) ? `instance:${random.pick(instanceIds)}.` : ''
    const assignId = random.chance(0.6) ? `${ofInstance}a${random.between(1, 20)}` : null
    return { executorId: idOf(name), name, assignId, ...(marked.includes(name) && { namedFrom: 2n ** 62n }) }
  })
  return { name: 'claimProcesses', args: [colony.key, shape, claimants] }
}

function closeRun(scene: Scene): Run {
  const { random, colony } = scene
  const held = someHeld(scene)
  if (random.chance(0.7)) {
    const closes = held.map((one) => ({ ...one, output: random.chance(0.6) ? `["${one.processId}"]` : null }))
    return { name: 'closeSuccessful', args: [colony.key, closes, { leavesGraphs: random.chance(0.5) }] }
  }
  return { name: 'closeFailed', args: [colony.key, held.map((one) => ({ ...one, errors: maybe(random, ['no']) }))] }
}

function cancelRun({ random, colony }: Scene): Run {
  const processes = [...colony.specs.keys()]
  const graphs = [...colony.graphs.keys()]
  if (graphs.length > 0 && random.chance(0.5)) return { name: 'cancelGraph', args: [colony.key, random.pick(graphs)] }
  return { name: 'cancelProcess', args: [colony.key, processes.length > 0 ? random.pick(processes) : idOf('nobody')] }
}

function giveBackRun(scene: Scene): Run {
  return { name: 'giveBack', args: [scene.colony.key, someHeld(scene)] }
}

function sweepRun({ random, colony: { key } }: Scene): Run {
  const withinSeconds = random.pick([undefined, 15])
  return random.pick<Run>([
    // Without a limit that matters: of rows with the same deadline, any may come first.
    { name: 'releaseOverdue', args: [key, { limit: 1000, withinSeconds }] },
    { name: 'failOverdue', args: [key, { limit: 1000, withinSeconds }] },
    { name: 'releaseFromLost', args: [key, 60, 1000] },
    { name: 'releaseFromLostInstances', args: [key, 1000] },
  ])
}

function executorRun({ random, colony: { key } }: Scene): Run {
  const name = random.pick(executorNames)
  return random.pick<Run>([
    { name: 'beat', args: [key, idOf(name)] },
    { name: 'beatInstance', args: [key, { executorId: idOf(name), instanceId: random.pick(instanceIds) }, 1000] },
    { name: 'keepListening', args: [] },
    { name: 'approveExecutor', args: [key, name] },
    { name: 'approveExecutor', args: [key, name] },
    { name: 'revokeExecutor', args: [key, name, 2] },
    { name: 'recordLastHeard', args: [key, [{ executorId: idOf(name), secondsAgo: random.next() * 20 }]] },
  ])
}

function readRun(scene: Scene): Run {
  const { random, colony } = scene
  const ids = random.some([...colony.specs.keys()], 0.3)
  const attempts = ids.map((id) => random.pick([0, colony.live.get(id)?.attempt ?? 1]))
  return random.pick<Run>([
    { name: 'coloniesWithOverdue', args: [random.pick([undefined, 15])] },
    { name: 'coloniesWithLostExecutors', args: [60] },
    { name: 'coloniesWithLostInstances', args: [] },
    { name: 'coloniesWithUnknownHolders', args: [] },
    { name: 'heldByNobody', args: [colony.key, 100] },
    { name: 'typesWithReady', args: [colony.key, ['cpu', 'gpu', 'none']] },
    { name: 'wantedOf', args: [colony.key, random.pick(['cpu', 'gpu']), executorNames] },
    { name: 'readStandings', args: [colony.key, ids] },
    { name: 'readProcesses', args: [colony.key, ids] },
    { name: 'lostBy', args: [colony.key, idOf(random.pick(executorNames)), { processIds: ids, attempts }] },
  ])
}

function outputRun(scene: Scene): Run {
  const [held] = someHeld(scene, 1)
  const nobody = { processId: idOf('nobody'), holder: idOf('ada'), attempt: 0 }
  return { name: 'setOutput', args: [scene.colony.key, { ...(held ?? nobody), output: '["early"]' }] }
}

const makers: readonly [weight: number, make: (scene: Scene) => Run][] = [
  [5, submitRun],
  [3, submitGraphRun],
  [8, claimRun],
  [6, closeRun],
  [1, cancelRun],
  [1, giveBackRun],
  [3, sweepRun],
  [2, executorRun],
  [3, readRun],
  [1, outputRun],
  [2, childRun],
  [3, packRun],
  [2, generatorRun],
  [3, cronRun],
]
const bag = makers.flatMap(([weight, make]) => Array.from({ length: weight }, () => make))

/** Any statement with plausible arguments. */
export const randomRun = (scene: Scene): Run => scene.random.pick(bag)(scene)

const racers = [claimRun, claimRun, closeRun, closeRun, childRun, generatorRun, cronRun, packRun]
const others = [submitRun, submitGraphRun, cancelRun, sweepRun, sweepRun, executorRun, outputRun, giveBackRun]

/** One that writes, for running beside another. */
export const racingRun = (scene: Scene): Run => scene.random.pick([...racers, ...others])(scene)
