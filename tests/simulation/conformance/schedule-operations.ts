import { createHash } from 'node:crypto'
import type { CronOutcome, DueGenerator, LockedCron, NewChild, NewGraph, Recipe } from '@colonies/database'
import type { Run } from '../model/model-database.js'
import { idOf, newProcess, type Scene, someHeld } from './scene.js'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** A graph of two nodes, the same each time: what decides is called for the model and for PostgreSQL. */
function graphFor(name: string, cron: NewGraph['cron'], input: string | null = null): NewGraph {
  const [root, leaf] = [hash(`${name} root`), hash(`${name} leaf`)]
  const node = {
    functionName: 'f',
    executorType: 'cpu',
    label: '',
    initiatorId: idOf('me'),
    initiatorName: 'me',
    initiatorIsUser: true,
    priority: 0,
    waitSeconds: null,
    execSeconds: 40,
    maxRetries: 1,
    spec: '{}',
    env: '{}',
    channels: null,
    names: null,
    location: '',
    cpu: 0n,
    memory: 0n,
  }
  return {
    graphId: hash(`${name} graph`),
    initiatorId: idOf('me'),
    initiatorName: 'me',
    requestId: null,
    cron,
    nodes: [
      { process: { ...node, processId: root, nodeName: 'root' }, parents: [], children: [leaf], input },
      { process: { ...node, processId: leaf, nodeName: 'leaf' }, parents: [root], children: [], input: null },
    ],
    attributes: [],
  }
}

const cronIntervalMs = 40_000

function decide(cron: LockedCron): CronOutcome | undefined {
  if (cron.next_run === null || Date.parse(cron.next_run) > cron.now_ms) return undefined
  const nextMs = Date.parse(cron.next_run) + cronIntervalMs
  if (!cron.initiator_is_member) return { nextMs, error: 'no member' }
  if (cron.overlap === 'skip' && !cron.previous_ended) return { nextMs, error: 'skipped' }
  const name = `${cron.cron_id} ${cron.previous_graph_id}`
  const input = JSON.stringify(cron.outputs)
  return { nextMs, graph: graphFor(name, { cronId: cron.cron_id, plannedAt: cron.next_run }, input) }
}

export function cronRun({ random, colony }: Scene): Run {
  const cronId = random.pick([...colony.crons.keys()])
  const choice = random.chance(0.7) ? { due: random.between(1, 3) } : { cronId }
  return { name: 'fireCrons', args: [colony.key, { choice, workflowBytesMax: 5, outputBytesMax: 100_000, decide }] }
}

const bounds = { workflowBytesMax: 5, nodesMax: 6, bytesMax: 1_000_000, retrySeconds: 60 }

function recipeOf({ generator_id, name, taken }: DueGenerator): Recipe | string {
  if (name === 'broken') return 'It cannot start'
  return {
    nodes: 2,
    roots: 1,
    graphOf: (args) => graphFor(`${generator_id} ${taken} ${args.join()}`, null, JSON.stringify(args)),
  }
}

export function generatorRun({ random, colony }: Scene): Run {
  const generatorId = random.pick([...colony.generators.keys()])
  const choice = random.chance(0.7) ? { due: random.between(1, 3) } : { generatorId }
  return { name: 'runGenerators', args: [colony.key, { choice, recipeOf, ...bounds }] }
}

export function packRun(scene: Scene): Run {
  const { random, colony } = scene
  const packs = Array.from({ length: random.between(1, 3) }, () => ({
    generatorId: random.chance(0.9) ? random.pick([...colony.generators.keys()]) : idOf('nothing'),
    caller: idOf('me'),
    requestId: random.chance(0.4) ? `p${random.between(1, 6)}` : null,
    args: Array.from({ length: random.between(0, 3) }, () => (random.chance(0.05) ? 'x'.repeat(200) : scene.newId())),
  }))
  return { name: 'insertPacks', args: [colony.key, packs, { argsMax: 12, bytesMax: 1_000_000 }] }
}

export function childRun(scene: Scene): Run {
  const { random, colony } = scene
  const [held] = someHeld(scene, 1)
  const { processId: parentId, ...adder } = held ?? { processId: idOf('nobody'), holder: idOf('ada'), attempt: 0 }
  const graphId = colony.specs.get(parentId)?.graphId ?? idOf('no graph')
  const siblings = colony.graphs.get(graphId)?.nodes ?? []
  const { holder: _, ...process } = newProcess(scene)
  const child: NewChild = {
    graphId,
    parentId,
    adder,
    process,
    attributes: [],
    before: siblings.length > 0 && random.chance(0.4) ? random.pick(siblings).processId : '',
    insert: random.chance(0.3),
  }
  return { name: 'insertChild', args: [colony.key, child] }
}
