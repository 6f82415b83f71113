import { operations } from '@colonies/protocol'

/** What a client got of one message type: `answered` with success, `refused`, or both in turn. */
export interface Outcome {
  answered: boolean
  refused: boolean
}

/** How often each outcome was counted, by `message type outcome`. */
type Counts = ReadonlyMap<string, number>

const line = /^colonies_requests_total\{payloadtype="(\w+)",outcome="(\w+)"\} (\d+)$/gm

/** @param url of a replica; what it counted so far */
export async function countsOf(url: string): Promise<Counts> {
  const text = await (await fetch(new URL('/metrics', url))).text()
  return new Map([...text.matchAll(line)].map(([, type, outcome, count]) => [`${type} ${outcome}`, Number(count)]))
}

/**
 * What happened between two counts.
 *
 * @returns by message type
 * @throws Error at message types that this server does not know, and at its own failures: no client causes either
 */
export function outcomesBetween(before: Counts, after: Counts): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>()
  const mistakes: string[] = []
  for (const [key, count] of after) {
    if (count === (before.get(key) ?? 0)) continue
    const [type = '', result = ''] = key.split(' ')
    if (type === 'unknown' || Number(result) >= 500) mistakes.push(`${key}: ${count} times`)
    const outcome = outcomes.get(type) ?? { answered: false, refused: false }
    outcomes.set(type, outcome)
    if (result === '200' || result === 'subscribed') outcome.answered = true
    else if (result !== 'gone') outcome.refused = true
  }
  if (mistakes.length > 0) throw new Error(`the server counted ${mistakes.join(', ')}`)
  return outcomes
}

/** @returns what was answered each time, where the server has callers to refuse: what a driver still has to try */
export function neverRefused(outcomes: ReadonlyMap<string, Outcome>): string[] {
  const open = Object.values(operations).filter(({ caller }) => caller === 'anyone')
  const types = [...outcomes].filter(([, { answered, refused }]) => !answered || !refused).map(([type]) => type)
  return types.filter((type) => !open.some(({ payloadtype }) => payloadtype === type))
}

/** All message types that this server knows. */
export const messageTypes: readonly string[] = Object.values(operations).map(({ payloadtype }) => payloadtype)

/** @param source of a client. @returns the message types in it, as texts in double quotes */
export function typesNamedIn(source: string): string[] {
  return messageTypes.filter((type) => source.includes(`"${type}"`))
}
