import { nowMs } from './clock.js'
import type { Stage } from './scenario.js'

const EVERY_MS = 10_000

/** Says every ten seconds how far it is, until the stage is closed. */
export function sayProgress(stage: Stage, line: () => string): void {
  const begun = nowMs()
  const timer = setInterval(() => stage.say(`${Math.round((nowMs() - begun) / 1_000)} s: ${line()}`), EVERY_MS)
  stage.atEnd(async () => clearInterval(timer))
}
