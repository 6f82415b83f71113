import type { Client } from '@colonies/client'
import { pause } from '../monkey.js'
import type { Stage } from '../scenario.js'
import type { ChaosColony } from '../stage/colony.js'
import { type Load, untilEndOf } from './load.js'

/** No executor has this type: what is made for it is counted, and waits for ever. */
export const NOBODY = 'nobody'

export const workflowOf = (nodename: string, executortype = NOBODY): string =>
  JSON.stringify({
    functionspecs: [{ nodename, funcname: 'work', maxexectime: 10, maxretries: 100, conditions: { executortype } }],
  })

/** Crons that fire each second. Half of them by interval, half by expression; every other one makes up for what it missed. */
export async function addCrons(user: Client, colonyname: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const timing = n % 4 < 2 ? { interval: 1 } : { interval: -1, cronexpression: '* * * * * *' }
    const cron = { colonyname, name: `c${n}`, ...timing, catchup: n % 2 === 0, workflowspec: workflowOf('cron') }
    await user.addCron({ cron })
  }
}

/** Arguments of one graph, of one generator each. */
const triggers = [1, 3, 7, 50]
const PACKERS_EACH = 2

/** Generators, each with packers that hand in one argument after the other, and every tenth time three at once. */
export async function startPackers(
  stage: Stage,
  colony: ChaosColony,
  { user, pauseMs }: Pick<Packing, 'user' | 'pauseMs'>,
): Promise<Load> {
  const stop = new AbortController()
  const packing = triggers.map(async (trigger) => {
    const generator = {
      colonyname: colony.name,
      name: `g${trigger}`,
      trigger,
      timeout: 1,
      workflowspec: workflowOf(`g${trigger}`),
    }
    const { generatorid } = await user.addGenerator({ generator })
    const packers = Array.from({ length: PACKERS_EACH }, (_, number) => `p${number}`)
    await Promise.all(packers.map((packer) => packUntil(stop.signal, { user, generatorid, packer, pauseMs })))
  })
  const done = Promise.all(packing)
  return untilEndOf(stage, {
    async stop() {
      stop.abort()
      await done
    },
  })
}

interface Packing {
  user: Client
  generatorid: string
  packer: string
  pauseMs: number
}

async function packUntil(stop: AbortSignal, { user, generatorid, packer, pauseMs }: Packing): Promise<void> {
  let number = 0
  for (let request = 0; !stop.aborted; request += 1) {
    const args = Array.from({ length: request % 10 === 9 ? 3 : 1 }, () => `${packer}:${number++}`)
    const packed =
      args.length > 1
        ? user.packGeneratorMany({ generatorid, args })
        : user.packGenerator({ generatorid, arg: args[0] ?? '' })
    // What failed is in the history, and judged; the load goes on.
    await packed.catch(() => {})
    // sleeps: the load leaves the machine some room
    await pause(pauseMs)
  }
}
