import { type CustomTypesConfig, types } from 'pg'

type Parse = (text: string) => unknown

// The driver's types know only some of the oids that its table has.
const driverParser = types.getTypeParser as (oid: number, format?: string) => Parse
const asText: Parse = (text) => text
// The driver's own parser for text[] gives the elements as they are; the other arrays build on it.
const textArray = driverParser(1009) as (text: string) => (string | null)[]

function arrayOf(parse: Parse): Parse {
  return (text) => textArray(text).map((item) => (item === null ? null : parse(item)))
}

const parsers = new Map<number, Parse>([
  [20, BigInt], // int8
  [1016, arrayOf(BigInt)],
  [114, asText], // json
  [3802, asText], // jsonb
  [199, arrayOf(asText)],
  [3807, arrayOf(asText)],
  [1184, rfc3339], // timestamptz
  [1185, arrayOf(rfc3339)],
  // The driver makes these local `Date`s and objects, which lose precision; nobody should get them by accident.
  [1082, asText], // date
  [1114, asText], // timestamp
  [1186, asText], // interval
])

function getTypeParser(oid: number, format = 'text'): Parse {
  return (format === 'text' ? parsers.get(oid) : undefined) ?? driverParser(oid, format)
}

/** How columns become values, for one connection or pool: the driver's own table is global, so it stays as it is. */
export const typeParsers: CustomTypesConfig = { getTypeParser }

/** PostgreSQL's ISO text (`2026-11-21 00:10:56.62+00`, fraction already without trailing zeros) as RFC 3339 in UTC. */
export function rfc3339(text: string): string {
  if (text.endsWith('+00') && text[10] === ' ') return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
  // Another zone: PgBouncer gave us a session without our settings. The fraction is not touched by whole seconds.
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text)
  if (!parts) return text // infinity, or a year that RFC 3339 cannot write
  const [, day, time, fraction = '', sign, hours = '0', minutes = '0', seconds = '0'] = parts
  const offsetSeconds = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const utc = new Date(Date.parse(`${day}T${time}Z`) - (sign === '-' ? -1 : 1) * offsetSeconds * 1000)
  return `${utc.toISOString().slice(0, 19)}${fraction}Z`
}
