import { limits } from '@colonies/protocol'
import { flag, integer, type Options, type Values, type Verb, verb } from './command.js'
import type { Session } from './session.js'
import type { StateName } from './state-names.js'
import type { View } from './view.js'

/** Of lists of processes and workflows. */
export const listOptions = {
  count: integer('how many at most', { min: 1, max: limits.listCountMax, otherwise: 20 }),
  ids: flag('whole ids', { short: 'i' }),
}

/** The original has a verb for each state. */
const statesByVerb: Readonly<Record<string, StateName>> = {
  psw: 'waiting',
  ps: 'running',
  pss: 'success',
  psf: 'failed',
  psc: 'cancelled',
}

/** Verbs that list what is in one state. */
export function stateVerbs<Given extends Options>(
  options: Given,
  list: (state: StateName, given: Values<Given>, session: Session) => Promise<View>,
): Verb[] {
  return Object.entries(statesByVerb).map(([name, state]) =>
    verb({
      name,
      hidden: true,
      summary: `The same as ls --state ${state}.`,
      options,
      run: (given, session) => list(state, given, session),
    }),
  )
}
