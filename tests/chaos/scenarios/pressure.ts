import type { History } from '../history.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { asVictim, putUnderPressure } from '../stage/database-pressure.js'
import { startOwnPostgres } from '../stage/own-postgres.js'
import { serveColony } from '../stage/served-colony.js'

// In seconds it is seen whether it goes on at all; how fast, in minutes.
const sizes = {
  ci: { calmSeconds: 4, minutes: 0.1, executors: 8, submitters: 4, idle: 60, aheadMax: 200, share: 0.2 },
  full: { calmSeconds: 60, minutes: 10, executors: 32, submitters: 6, idle: 300, aheadMax: 1_000, share: 0.6 },
} as const

const READERS = 4
const BACK_SECONDS_MAX = 60
const FULL_SHARE = 0.9
const STOP_MS_MAX = 10_000
/** What is taken for a rate. */
const WINDOW_SECONDS = 5

export const pressure: Scenario = {
  name: 'pressure',
  says: 'an old snapshot held, 4 long readers, 300 idle connections, a backend killed each second',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { config } = await startOwnPostgres(stage, 500)
    const { db, replicas, endpoints, history, colony } = await serveColony(stage, {
      config,
      count: 2,
      env: await asVictim(config),
    })
    const executors = await startExecutors(stage, colony, { count: size.executors, endpoints })
    const load = { count: size.submitters, endpoints, pauseMs: 5, batchSize: 50, aheadMax: size.aheadMax }
    const submitters = await startSubmitters(stage, colony, load)
    // sleeps: until all have begun
    await pause(3_000)
    const calm = await rateOver(history, size.calmSeconds)

    const held = await putUnderPressure(stage, config, { random: randomOf(seed), readers: READERS, idle: size.idle })
    const rates: number[] = []
    for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
      rates.push(await rateOver(history, WINDOW_SECONDS))
      stage.say(`${rates.at(-1)} of ${calm} closes per second, ${held.killed} backends killed`)
    }
    await held.release()
    const back = await secondsUntil(history, calm * FULL_SHARE)

    const stopping = Date.now()
    await replicas[0]?.stop()
    const stopMs = Date.now() - stopping
    await submitters.stop()
    const left = await untilDrained(db, colony.key, 120)
    await executors.stop()

    const under = average(rates)
    const atEnd = average(rates.slice(-Math.ceil(rates.length / 5)))
    const share = (rate: number) => Math.round((100 * rate) / calm)
    return {
      faults: await judge(history, db, colony),
      missed: [
        ...(left > 0 ? [`${left} processes never ended`] : []),
        ...(under < calm * size.share ? [`only ${share(under)} % of the undisturbed rate`] : []),
        ...(atEnd < calm * size.share ? [`only ${share(atEnd)} % of the undisturbed rate at the end`] : []),
        ...(back === undefined ? [`the full rate was not back after ${BACK_SECONDS_MAX} s`] : []),
        ...(stopMs > STOP_MS_MAX ? [`a graceful stop took ${stopMs} ms`] : []),
      ],
      numbers: {
        'closes/s undisturbed': calm,
        'under pressure': `${share(under)} %`,
        'at its end': `${share(atEnd)} %`,
        'full rate back s': back ?? 'never',
        'graceful stop ms': stopMs,
        'backends killed': held.killed,
        acknowledged: history.submitted,
      },
    }
  },
}

/** Acknowledged closes per second. */
async function rateOver(history: History, seconds: number): Promise<number> {
  const [before, begun] = [history.closed, Date.now()]
  // sleeps: for as long as the rate is measured
  await pause(seconds * 1_000)
  return Math.round((1_000 * (history.closed - before)) / (Date.now() - begun))
}

async function secondsUntil(history: History, rate: number): Promise<number | undefined> {
  const begun = Date.now()
  while (Date.now() - begun < BACK_SECONDS_MAX * 1_000) {
    if ((await rateOver(history, WINDOW_SECONDS)) >= rate) return Math.round((Date.now() - begun) / 1_000)
  }
  return undefined
}

const average = (values: readonly number[]) => Math.round(values.reduce((sum, one) => sum + one, 0) / values.length)
