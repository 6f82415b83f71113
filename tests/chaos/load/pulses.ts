import { identityOf } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import type { Stage } from '../scenario.js'
import { type ChaosColony, rotated } from '../stage/colony.js'
import { type Load, untilEndOf } from './load.js'
import { workSpec } from './work-specs.js'

const EVERY_MS = 100
const ANSWER_MS_MAX = 60_000

/**
 * Submit all the time, so that it is seen when nothing can be stored: the submitters of the load wait when executors cannot follow.
 * There is one for each endpoint. It asks there first with each beat, and goes on with the others.
 */
export interface Pulses extends Load {
  readonly ids: readonly string[]
  /** @returns when each of them has had an answer since, at most a minute later */
  answeredSince(since: number): Promise<void>
}

export async function startPulses(stage: Stage, colony: ChaosColony, endpoints: readonly string[]): Promise<Pulses> {
  const names = endpoints.map((_, place) => `pulse${place}`)
  const keys = await Promise.all(names.map((name) => colony.addUser(name)))
  // A client stays with the endpoint that worked: after some kills, all of them would be at one replica, and see no other one die.
  const freshClient = (key: string, place: number) => colony.client(key, rotated(endpoints, place))
  const stop = new AbortController()
  const answeredAt = names.map(() => 0)
  const beat = async (key: string, place: number) => {
    for (let count = 0; !stop.signal.aborted; count += 1) {
      const spec = workSpec(colony.name, `${names[place]}:${count}`)
      await freshClient(key, place)
        .submit({ spec })
        .then(
          () => {
            answeredAt[place] = nowMs()
          },
          () => {}, // the history has it
        )
      // sleeps: between two beats
      await pause(EVERY_MS)
    }
  }
  const beating = Promise.all(keys.map(beat))
  return untilEndOf(stage, {
    ids: keys.map(identityOf),
    async answeredSince(since) {
      // sleeps: an answer to somebody else's call has no event
      for (const end = nowMs() + ANSWER_MS_MAX; nowMs() < end && Math.min(...answeredAt) < since; ) await pause(20)
    },
    async stop() {
      stop.abort()
      await beating
    },
  })
}
