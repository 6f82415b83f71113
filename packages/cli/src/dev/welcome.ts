import { type DevColony, devNames } from './colony.js'

export interface WelcomeOptions extends DevColony {
  /** Commands take the profile by themselves. */
  readonly isCurrent: boolean
  /** How long the start took. */
  readonly seconds: number
}

/** What there is, and what to try next; the commands can be copied as they are. */
export function welcome({ url, colonyname, keysFile, isCurrent, seconds }: WelcomeOptions): string {
  const profile = isCurrent ? '' : ` --profile ${devNames.profile}`
  return `
Colonies is ready after ${seconds.toFixed(1)} s.

  server     ${url}
  colony     ${colonyname}
  executor   ${devNames.executor}, of type ${devNames.type}
  files      kept by the server; npx colonies fs --help
  keys       ${keysFile}, and in the profile ${devNames.profile}

Try in another terminal:

  npx colonies function exec --func hello --args world --targettype ${devNames.type} --wait --out${profile}
  npx colonies process ls --state success${profile}
  npx colonies executor ls${profile}

Ctrl-C stops it; data and keys are kept.
`
}
