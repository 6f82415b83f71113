import type { Stage } from '../scenario.js'
import { within } from '../within.js'

/** Something that works on a colony until it is told to stop. */
export interface Load {
  /** @returns when its last call has ended */
  stop(): Promise<void>
}

/** Calls go on for a minute when nobody answers. */
const END_MS_MAX = 10_000

/** Has a load in this process stop with the stage: where a scenario throws, it would keep the process alive. */
export function untilEndOf<Kind extends Load>(stage: Pick<Stage, 'atEnd'>, load: Kind): Kind {
  stage.atEnd(() => within(END_MS_MAX, 'the end of a load', load.stop()))
  return load
}
