import type { NewProcess } from '@colonies/database'
import type { ColonyTables } from '../model/tables.js'
import type { Random } from '../world/random.js'

export const colonyName = 'dev'
export const executorNames = ['ada', 'bob', 'eve'] as const
export const instanceIds = ['1', '2'] as const
export const idOf = (name: string) => name.padEnd(64, '0')

/** What random operations are made from. */
export interface Scene {
  random: Random
  colony: ColonyTables
  /** Makes ids that sort by when they were made. */
  newId(): string
}

/** Seconds: sums of them are never less than ten seconds from a step of time, which has 50. */
const durations = [null, 40, 80] as const

export const maybe = <Value>(random: Random, value: Value) => (random.chance(0.3) ? value : null)

export function newProcess(scene: Scene): NewProcess {
  const { random } = scene
  return {
    processId: scene.newId(),
    nodeName: '',
    functionName: 'f',
    executorType: random.pick(['cpu', 'cpu', 'gpu']),
    label: '',
    initiatorId: idOf('me'),
    initiatorName: 'me',
    initiatorIsUser: true,
    priority: random.between(-1, 1),
    waitSeconds: random.pick(durations),
    execSeconds: random.pick(durations),
    maxRetries: random.between(-1, 2),
    spec: '{}',
    env: '{}',
    channels: null,
    names: random.chance(0.25) ? [random.pick(executorNames)] : null,
    location: random.pick(['', '', 'home']),
    cpu: BigInt(random.pick([0, 0, 500])),
    memory: 0n,
    requestId: maybe(random, `r${random.between(1, 12)}`),
    holder: null,
  }
}

/** Processes as somebody may name them: mostly the holder, sometimes one that lost it, sometimes twice. */
export function someHeld({ random, colony }: Scene, most = 4) {
  const known = [...colony.live.values(), ...random.some([...colony.results.values()], 0.1)]
  const running = known.filter((row) => row.state === 1)
  return Array.from({ length: Math.min(most, known.length) }, () => {
    const { processId, holder, attempt } = random.pick(random.chance(0.8) && running.length > 0 ? running : known)
    return {
      processId,
      holder: holder !== null && random.chance(0.85) ? holder : idOf(random.pick(executorNames)),
      attempt: random.pick([0, attempt, attempt, attempt - 1]),
    }
  })
}
