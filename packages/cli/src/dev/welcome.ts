import { type DevColony, devNames } from './colony.js'

export interface WelcomeOptions extends DevColony {
  /** Its name. */
  readonly profile: string
  /** Commands take the profile by themselves. */
  readonly isCurrent: boolean
  /** How long the start took. */
  readonly seconds: number
}

/** What there is, and what to try next; the commands can be copied as they are. */
export function welcome({ url, colonyname, keysFile, profile, isCurrent, seconds }: WelcomeOptions): string {
  const chosen = isCurrent ? '' : ` --profile ${profile}`
  return `
Colonies is ready after ${seconds.toFixed(1)} s.

  server     ${url}
  colony     ${colonyname}
  executor   ${devNames.executor}, of type ${devNames.type}
  files      kept by the server; npx colonies fs --help
  keys       ${keysFile}, and in the profile ${profile}

Try in another terminal:

  npx colonies function exec --func hello --args world --targettype ${devNames.type} --wait --out${chosen}
  npx colonies process ls --state success${chosen}
  npx colonies executor ls${chosen}

Ctrl-C stops it; data and keys are kept.
`
}
