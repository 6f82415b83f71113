import type { Frame, Json, Reply } from './transcript.js'

/** Beginnings of sentences, and words in them, that published clients look for. */
const matchedTexts = [
  'Access denied',
  'already exists',
  'No process available for assignment',
  'Assignment timeout',
  'not found',
]
/** Ends of the names of values that differ in every run: times, counters, names. */
const volatile =
  /((?<!max(exec|wait))time|timestamp|processes|executors|workflows|colonies|version|port|host|name|historyid)$/
/** The places of nodes in a picture; nodes come in no order. */
const picture = /\.(nodes|edges)\[/

/**
 * Compares a reply with the recorded one: status, envelope, the shape of the payload (keys and their order, types, null, []
 * and absent), and the values that are the same in every run.
 *
 * @returns each difference in words, such as `status 500 → 404`; none where all is equal
 */
export function differences(recorded: Reply, ours: Reply & { envelope: string[] }): string[] {
  if (recorded.status !== ours.status) return [`status ${recorded.status} → ${ours.status}`]
  return frameDifferences(recorded, ours)
}

export function frameDifferences(recorded: Frame, ours: Frame & { envelope: string[] }): string[] {
  const found: string[] = []
  const envelope = ours.envelope.join()
  if (envelope !== 'payloadtype,payload,error') found.push(`envelope ${envelope}`)
  if (recorded.payloadtype !== ours.payloadtype) found.push(`payloadtype ${recorded.payloadtype} → ${ours.payloadtype}`)
  if (recorded.error !== ours.error) return [...found, `error ${recorded.error} → ${ours.error}`]
  return [
    ...found,
    ...(recorded.error ? refusal(recorded.payload, ours.payload) : compare(recorded.payload, ours.payload, 'payload')),
  ]
}

function refusal(recorded: Json, ours: Json): string[] {
  const { status, message } = recorded as { status: number; message: string }
  const said = ours as { status: number; message: string }
  const found = matchedTexts
    .filter((text) => message.includes(text) && !said.message.includes(text))
    .map((text) => `text without "${text}"`)
  if (status !== said.status) found.push(`payload.status ${status} → ${said.status}`)
  return [...found, ...keyDifferences({ status, message }, said, 'payload')]
}

function compare(recorded: Json, ours: Json, path: string): string[] {
  const [was, is] = [kindOf(recorded), kindOf(ours)]
  if (was !== is) return [`${path} ${was} → ${is}`]
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    const found = isObject(recorded[0] ?? null)
      ? ours.flatMap((item) => leastDifferent(recorded, item, `${path}[]`))
      : ours.flatMap((item, at) => compare(recorded[at] ?? null, item, `${path}[]`))
    const plain = !isObject(recorded[0] ?? null) && recorded.length !== ours.length
    if (plain) found.push(`${path} length ${recorded.length} → ${ours.length}`)
    return [...new Set(found)]
  }
  if (isObject(recorded) && isObject(ours)) {
    const inBoth = Object.keys(recorded).filter((key) => key in ours)
    return [
      ...keyDifferences(recorded, ours, path),
      ...inBoth.flatMap((key) => compare(recorded[key] ?? null, ours[key] ?? null, `${path}.${key}`)),
    ]
  }
  const exact = ['text', 'number', 'boolean'].includes(was) && !volatile.test(path) && !picture.test(path)
  return exact && recorded !== ours ? [`${path} ${JSON.stringify(recorded)} → ${JSON.stringify(ours)}`] : []
}

/** Lists of objects may be longer and in another order than recorded, so each object has to equal one of the recorded. */
function leastDifferent(recorded: Json[], ours: Json, path: string): string[] {
  const each = recorded.map((item) => compare(item, ours, path))
  return each.reduce((least, found) => (found.length < least.length ? found : least))
}

function keyDifferences(recorded: object, ours: object, path: string): string[] {
  const [was, is] = [Object.keys(recorded), Object.keys(ours)]
  const added = is.filter((key) => !was.includes(key)).map((key) => `${path}.${key} added`)
  const missing = was.filter((key) => !is.includes(key)).map((key) => `${path}.${key} missing`)
  const sameOrder = was.filter((key) => is.includes(key)).join() === is.filter((key) => was.includes(key)).join()
  return [...added, ...missing, ...(sameOrder ? [] : [`${path} order ${is.join()}`])]
}

function isObject(json: Json): json is { [key: string]: Json } {
  return json !== null && typeof json === 'object' && !Array.isArray(json)
}

/** What clients can tell apart without looking at the value. */
function kindOf(json: Json): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return json.length === 0 ? '[]' : 'list'
  if (typeof json === 'object') return Object.keys(json).length === 0 ? '{}' : 'object'
  if (typeof json !== 'string') return typeof json
  if (json === '') return 'empty text'
  if (/^[0-9a-f]{64}$/.test(json)) return 'id'
  if (/^0001-01-01T/.test(json)) return 'no time'
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(json) ? 'time' : 'text'
}
