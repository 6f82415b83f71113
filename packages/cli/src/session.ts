import { type Client, createClient, type RetryPolicy } from '@colonies/client'
import { WebSocket } from 'ws'
import { ExitCode, UsageError } from './exit-codes.js'
import type { Io } from './io.js'
import type { Output } from './output.js'
import { type Profile, type Profiles, profilesWarning, readProfiles } from './profiles.js'
import { type GlobalFlags, resolveSettings, type Setting, type Settings } from './settings.js'

/** Whose key signs. */
export type Role = 'member' | 'colony-owner' | 'server-owner'

/** Which setting has the key of a role, and what to say when it is missing. */
export const roles = {
  member: { setting: 'prvkey', variable: 'COLONIES_PRVKEY', says: 'a user or executor' },
  'colony-owner': { setting: 'colonyprvkey', variable: 'COLONIES_COLONY_PRVKEY', says: 'the colony owner' },
  'server-owner': { setting: 'serverprvkey', variable: 'COLONIES_SERVER_PRVKEY', says: 'the server owner' },
} as const

/** How long a command tries again, by what it is. */
const retries = {
  /** It only asks whether there is a server. */
  brief: { forMs: 2_000 },
  /** Where nothing listens, whoever typed it hears so at once; a server that says "not now" comes back, as after a failover. */
  usual: { forMs: 20_000, unreachableForMs: 2_000 },
  /** It waits anyway, through restarts of the server. */
  patient: { forMs: 60_000 },
}

interface ChosenProfile {
  readonly name: string
  readonly fields: Profile
  /** What chose it. */
  readonly origin: string
}

/** What one run of a command works with. Settings are looked up when a command first asks for them. */
export class Session {
  readonly io: Io
  readonly out: Output
  readonly flags: GlobalFlags
  /** Where the key that was used came from, for those who are denied. */
  usedKey: string | undefined
  /** The command that lists what this one has to find, for those who name what is not there. */
  listing: string | undefined
  exitCode: ExitCode = ExitCode.ok
  #settings: Settings | undefined

  constructor(io: Io, out: Output, flags: GlobalFlags) {
    this.io = io
    this.out = out
    this.flags = flags
  }

  get settings(): Settings {
    return (this.#settings ??= this.#resolve())
  }

  get profiles(): Profiles {
    return readProfiles(this.io.profilesFile)
  }

  /** The profile that was asked for, else the current one. */
  get profile(): ChosenProfile | undefined {
    const { current, profiles } = this.profiles
    const { COLONIES_PROFILE: variable } = this.io.env
    const name = this.flags.profile || variable || current
    if (!name) return undefined
    const fields = Object.hasOwn(profiles, name) ? profiles[name] : undefined
    const origin = this.flags.profile ? '--profile' : variable ? 'COLONIES_PROFILE' : 'the current one'
    if (fields) return { name, fields, origin }
    const known = Object.keys(profiles).join(', ') || 'none'
    throw new UsageError(`There is no profile "${name}" in ${this.io.profilesFile}; known: ${known}.`)
  }

  /** @throws UsageError */
  get colonyname(): string {
    const { colony } = this.settings
    if (colony) return colony.value
    throw new UsageError('Which colony? Set COLONIES_COLONY_NAME, give --colony, or choose a profile that has one.')
  }

  /** Signs nothing. */
  get anyone(): Client {
    return this.#connect(undefined, retries.brief)
  }

  get member(): Client {
    return this.client('member')
  }

  get colonyOwner(): Client {
    return this.client('colony-owner')
  }

  get serverOwner(): Client {
    return this.client('server-owner')
  }

  /** As a member, through restarts of the server: for waiting. */
  get patientMember(): Client {
    return this.#connect(this.key('member').value, retries.patient)
  }

  client(role: Role): Client {
    return this.#connect(this.key(role).value, retries.usual)
  }

  /** @throws UsageError when it is not set */
  key(role: Role): Setting {
    const { setting, variable, says } = roles[role]
    const key = this.settings[setting]
    if (!key) {
      // As after KEY=$(cat file) where there is no such file.
      const empty = this.flags[setting] === '' ? `--${setting}` : this.io.env[variable] === undefined ? '' : variable
      throw new UsageError(
        `This needs the key of ${says}${empty && `, and ${empty} is empty`}: set ${variable}, give --${setting}, or ` +
          'choose a profile that has it.',
      )
    }
    this.usedKey = key.origin
    return key
  }

  #resolve(): Settings {
    const { flags, io, profile } = this
    const warning = profile && profilesWarning(io.profilesFile)
    if (warning) this.out.warn(warning)
    return resolveSettings({ flags, env: io.env, profile })
  }

  #connect(privateKey: string | undefined, retry: Partial<RetryPolicy>): Client {
    return createClient({
      endpoints: this.settings.endpoints.value,
      privateKey,
      retry,
      // The same interface, but the types of npm `ws` name its own events.
      WebSocket: WebSocket as never,
    })
  }
}
