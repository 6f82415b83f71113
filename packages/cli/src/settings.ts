import { isPrivateKey } from '@colonies/identity'
import { UsageError } from './exit-codes.js'
import type { Profile } from './profiles.js'

/** One value, and where it came from, for people: `--colony`, `COLONIES_COLONY_NAME`, `profile dev`. */
export interface Setting<Value = string> {
  readonly value: Value
  readonly origin: string
}

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly server?: string
  readonly host?: string
  readonly port?: string
  readonly insecure?: boolean
  readonly tls?: boolean
  readonly colony?: string
  readonly colonyname?: string
  readonly prvkey?: string
  readonly colonyprvkey?: string
  readonly serverprvkey?: string
  readonly profile?: string
}

/** All that commands can be told beside their own parameters. */
export interface Settings {
  /** Addresses such as `http://localhost:50080`, at least one. */
  readonly endpoints: Setting<readonly string[]>
  readonly colony: Setting | undefined
  /** Of a user or an executor. */
  readonly prvkey: Setting | undefined
  readonly colonyprvkey: Setting | undefined
  readonly serverprvkey: Setting | undefined
  readonly executorname: Setting | undefined
  readonly executortype: Setting | undefined
}

export interface Sources {
  readonly flags: GlobalFlags
  readonly env: Readonly<Record<string, string | undefined>>
  /** The chosen profile. */
  readonly profile?: { readonly name: string; readonly fields: Profile } | undefined
}

/** The environment variables of each setting, the first that is set counts. */
export const variables = {
  server: ['COLONIES_SERVERS'],
  host: ['COLONIES_SERVER_HOST'],
  port: ['COLONIES_SERVER_HTTP_PORT', 'COLONIES_SERVER_PORT'],
  tls: ['COLONIES_TLS'],
  colony: ['COLONIES_COLONY_NAME'],
  prvkey: ['COLONIES_PRVKEY'],
  colonyprvkey: ['COLONIES_COLONY_PRVKEY'],
  serverprvkey: ['COLONIES_SERVER_PRVKEY'],
  executorname: ['COLONIES_EXECUTOR_NAME'],
  executortype: ['COLONIES_EXECUTOR_TYPE'],
} as const
type Name = keyof typeof variables

/** Flags beat the environment, that beats the profile, that beats defaults. @throws UsageError */
export function resolveSettings(sources: Sources): Settings {
  const find = finderOf(sources)
  return {
    endpoints: endpointsOf(find),
    colony: find('colony'),
    prvkey: keyOf(find('prvkey')),
    colonyprvkey: keyOf(find('colonyprvkey')),
    serverprvkey: keyOf(find('serverprvkey')),
    executorname: find('executorname'),
    executortype: find('executortype'),
  }
}

/** The port that was asked for, for those who listen on one. @throws UsageError */
export function chosenPort(sources: Sources): number {
  return Number(portOf(finderOf(sources)('port')))
}

/** The lower the rank, the stronger the source. */
interface Found extends Setting {
  readonly rank: 0 | 1 | 2
}
type Find = (name: Name) => Found | undefined

function finderOf({ flags, env, profile }: Sources): Find {
  const given = flagTexts(flags)
  const fields: Readonly<Record<string, string | undefined>> = profile?.fields ?? {}
  return (name) => {
    const flag = given[name]
    if (flag) return { ...flag, rank: 0 }
    for (const variable of variables[name]) {
      const value = env[variable]?.trim()
      if (value) return { value, origin: variable, rank: 1 }
    }
    const value = fields[name]
    return value ? { value, origin: `profile ${profile?.name}`, rank: 2 } : undefined
  }
}

function flagTexts(flags: GlobalFlags): Partial<Record<Name, Setting>> {
  const { tls, insecure, colonyname, colony = colonyname, profile, ...texts } = flags
  const secure = tls ? true : insecure ? false : undefined
  const origin = tls ? '--tls' : '--insecure'
  const all = { ...texts, colony }
  const found = Object.entries(all).flatMap(([name, value]) =>
    typeof value === 'string' && value !== '' ? [[name, { value, origin: `--${name}` }]] : [],
  )
  return { ...Object.fromEntries(found), ...(secure !== undefined && { tls: { value: String(secure), origin } }) }
}

/** A host or port that was given closer to the command than a list of servers is meant instead of it. */
function endpointsOf(find: Find): Setting<readonly string[]> {
  const server = find('server')
  const host = find('host')
  const port = find('port')
  const closest = Math.min(host?.rank ?? 3, port?.rank ?? 3)
  if (server && server.rank <= closest) {
    const urls = server.value.split(',').map((url) => url.trim())
    return { value: urls.filter(Boolean).map((url) => withScheme(url, find)), origin: server.origin }
  }
  const name = host?.value ?? 'localhost'
  const place = `${name.includes(':') ? `[${name}]` : name}:${portOf(port)}`
  const origins = [host?.origin, port?.origin].filter((origin) => origin !== undefined)
  return { value: [withScheme(place, find)], origin: [...new Set(origins)].join(' and ') || 'default' }
}

function withScheme(place: string, find: Find): string {
  if (place.includes('://')) return place
  return `${isSecure(place, find('tls')) ? 'https' : 'http'}://${place}`
}

function isSecure(place: string, tls: Setting | undefined): boolean {
  // On this machine nobody listens in on the way, and servers there rarely have a certificate.
  if (tls === undefined) return !/^(localhost|127\.[\d.]+|\[::1\])(:|\/|$)/.test(place)
  const text = tls.value.toLowerCase()
  if (['true', '1', 't'].includes(text)) return true
  if (['false', '0', 'f'].includes(text)) return false
  throw new UsageError(`${tls.origin} must be true or false; it is "${tls.value}".`)
}

function portOf(port: Setting | undefined): string {
  if (port === undefined) return '50080'
  const number = /^\d{1,5}$/.test(port.value) ? Number(port.value) : 0
  if (number >= 1 && number <= 65_535) return String(number)
  throw new UsageError(`${port.origin} must be a port, from 1 to 65535; it is "${port.value}".`)
}

function keyOf(setting: Setting | undefined): Setting | undefined {
  if (setting === undefined || isPrivateKey(setting.value)) return setting
  // The value is not shown: this may be a key with one digit too many.
  throw new UsageError(
    `${setting.origin} holds no private key: that is 64 hex digits, as \`colonies key generate\` makes them.`,
  )
}
