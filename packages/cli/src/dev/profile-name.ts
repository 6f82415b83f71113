import type { Profile, Profiles } from '../profiles.js'
import { devNames } from './colony.js'

const ANSWER_MS_MAX = 1_000

/**
 * A server that runs keeps its profile: with another folder, another `dev` runs beside it.
 *
 * @param url of the server that has just been started
 * @returns the name under which commands find it
 */
export async function devProfileName(
  { profiles }: Pick<Profiles, 'profiles'>,
  { url, serverKey }: { url: string; serverKey: string },
): Promise<string> {
  const before = profiles[devNames.profile]
  if (!before || before.serverprvkey === serverKey || !(await answers(before))) return devNames.profile
  return `${devNames.profile}-${new URL(url).port}`
}

async function answers({ server }: Profile): Promise<boolean> {
  if (!server) return false
  try {
    return (await fetch(new URL('/health', server), { signal: AbortSignal.timeout(ANSWER_MS_MAX) })).ok
  } catch {
    return false // whatever the reason, commands would not reach it either
  }
}
