import { type Db, findCron } from '@colonies/database'
import { crons } from '../background/crons.js'
import type { LoopContext } from '../background/loop.js'
import { upkeepColony, upkeepContext } from './upkeep.js'

const loop = crons(1000)

/** A colony with `ada`, and the loop that starts its crons. */
export async function cronScene(db: Db) {
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const context = upkeepContext(db)
  const state = async (cronId: string) => {
    const cron = await findCron(db, colony.key, cronId)
    if (!cron) throw new Error('the cron is gone')
    return cron
  }
  /** Runs the loop until it rests. */
  async function tick(on: LoopContext = context): Promise<void> {
    while ((await loop.runOnce(on)) === 'again');
  }
  return { colony, context, state, tick }
}
