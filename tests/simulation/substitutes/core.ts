import * as core from '@colonies/core'

export * from '@colonies/core'

/** Rules of the product in whose place a fault can be planted. */
type Rules = Pick<typeof core, 'joinOutputs' | 'nextRun'>

let rules: Rules = core

export const joinOutputs: Rules['joinOutputs'] = (...args) => rules.joinOutputs(...args)
export const nextRun: Rules['nextRun'] = (...args) => rules.nextRun(...args)

/** Puts another function in the place of a rule that is shipped: how faults are planted in it. @returns puts it back */
export function replaceRule<Name extends keyof Rules>(name: Name, by: Rules[Name]): () => void {
  rules = { ...core, [name]: by }
  return () => {
    rules = core
  }
}
