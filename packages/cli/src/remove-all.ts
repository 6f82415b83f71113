import { flag } from './command.js'
import { UsageError } from './exit-codes.js'
import { stateNumber } from './state-names.js'

/** The options of `removeall`, for processes and workflows. */
export const removalOptions = {
  waiting: flag('those that wait'),
  successful: flag('those that succeeded'),
  failed: flag('those that failed'),
  cancelled: flag('those that were cancelled'),
  all: flag('those of every state but running'),
  yes: flag('do not ask', { short: 'y' }),
}

const states = {
  waiting: stateNumber('waiting'),
  successful: stateNumber('success'),
  failed: stateNumber('failed'),
  cancelled: stateNumber('cancelled'),
  all: -1,
} as const
type Choice = keyof typeof states

/** @returns the state as the wire has it, and what to call it; @throws UsageError unless exactly one was chosen */
export function stateToRemove(given: Readonly<Record<Choice, boolean>>): { state: number; words: string } {
  const names = Object.keys(states) as Choice[]
  const [name, ...others] = names.filter((one) => given[one])
  if (name === undefined || others.length > 0) {
    throw new UsageError(`Say which to remove, with one of ${names.map((one) => `--${one}`).join(', ')}.`)
  }
  return { state: states[name], words: name === 'all' ? 'waiting and ended' : name }
}
