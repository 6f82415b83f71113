import { readdirSync, readFileSync } from 'node:fs'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** One recorded exchange with the original server. */
export interface Case {
  /** Name of the file it is in. */
  type: string
  name: string
  /** The program that asked. */
  client: string
  /** The role that signed; null for other clients' own keys, and for unsigned requests. */
  signedby: string | null
  request: JsonObject
  /** Absent for subscriptions. */
  reply?: Reply
  /** What a subscription got, in order. */
  frames?: Frame[]
  /** Who ended the subscription, and how. */
  end?: string
}

export interface Frame {
  payloadtype: string
  error: boolean
  payload: Json
}

export interface Reply extends Frame {
  status: number
}

export interface MalformedCase {
  name: string
  /** Verbatim. */
  body: string
  reply: Reply
}

const folder = new URL('../../../tests/transcripts/vectors/', import.meta.url)

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
}

/** Keys and ids of everybody who signed a recorded request, by role. */
export const roles = read('roles.json') as { [role: string]: { prvkey: string; id: string } }
export const malformedCases = read('malformed.json') as MalformedCase[]
export const cases: readonly Case[] = readdirSync(folder)
  .filter((file) => file.endsWith('msg.json'))
  .sort()
  .flatMap((file) => {
    const type = file.slice(0, -'.json'.length)
    return (read(file) as Case[]).map((one) => ({ ...one, type }))
  })

export function findCase(type: string, name: string): Case {
  const found = cases.find((one) => one.type === type && one.name === name)
  if (!found) throw new Error(`there is no transcript "${name}" of ${type}`)
  return found
}

/** A copy with every string that stands alone, and every value below `key`, replaced by what `change` makes of it. */
export function mapStrings(json: Json, change: (text: string, key: string) => string, key = ''): Json {
  if (typeof json === 'string') return change(json, key)
  if (Array.isArray(json)) return json.map((item) => mapStrings(item, change, key))
  if (json === null || typeof json !== 'object') return json
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, mapStrings(value, change, name)]))
}
