import { flag, needed, noun, text, verb } from '../command.js'
import { UsageError } from '../exit-codes.js'
import { type Profile, writeProfiles } from '../profiles.js'
import type { Session } from '../session.js'
import { resolveSettings } from '../settings.js'
import type { Column } from '../table.js'
import { done, list } from '../view.js'

interface Row extends Pick<Profile, 'server' | 'colony'> {
  name: string
  current: boolean
}

const columns: readonly Column<Row>[] = [
  { header: '', of: ({ current }) => (current ? '*' : ''), whole: true },
  { header: 'NAME', of: ({ name }) => name },
  { header: 'SERVER', of: ({ server = '' }) => server },
  { header: 'COLONY', of: ({ colony = '' }) => colony },
]
const name = needed('name of the profile')

export const profileCommands = noun('profile', 'Settings under a name, kept in a file.', [
  verb({
    name: 'ls',
    summary: 'List the profiles; the current one has a star.',
    run(_, { profiles: { current, profiles } }) {
      const rows = Object.entries(profiles).map(([name, { server, colony }]) => ({
        name,
        current: name === current,
        server,
        colony,
      }))
      return list(rows as Row[], columns, { id: ({ name }) => name, none: 'No profiles.' })
    },
  }),
  verb({
    name: 'use',
    summary: 'Make a profile the current one.',
    positional: ['name'],
    options: { name },
    run({ name }, session) {
      const { profiles } = session.profiles
      if (!Object.hasOwn(profiles, name)) throw unknownProfile(name, session)
      writeProfiles(session.io.profilesFile, { current: name, profiles })
      return done(`Profile ${name} is the current one.`, { name })
    },
  }),
  verb({
    name: 'add',
    summary: 'Keep the settings that are given as options and variables under a name.',
    positional: ['name'],
    options: {
      name,
      executorname: text('name of an executor'),
      executortype: text('type of executors'),
      use: flag('make it the current one'),
    },
    run({ name, executorname, executortype, use }, session) {
      const { current, profiles } = session.profiles
      const profile = profileOf(session, { executorname, executortype })
      const isCurrent = use || current === undefined
      writeProfiles(session.io.profilesFile, {
        current: isCurrent ? name : current,
        profiles: { ...profiles, [name]: profile },
      })
      return done(
        `Profile ${name} was written to ${session.io.profilesFile}${isCurrent ? ' and is the current one' : ''}.`,
        { name },
      )
    },
  }),
  verb({
    name: 'remove',
    summary: 'Forget a profile, with its keys.',
    positional: ['name'],
    options: { name },
    run({ name }, session) {
      const { current, profiles } = session.profiles
      if (!Object.hasOwn(profiles, name)) throw unknownProfile(name, session)
      const { [name]: _removed, ...rest } = profiles
      writeProfiles(session.io.profilesFile, { current: current === name ? undefined : current, profiles: rest })
      return done(`Profile ${name} was removed.`, { name })
    },
  }),
])

/** Takes nothing from the current profile: a profile stands alone. */
function profileOf({ flags, io }: Session, given: { executorname: string; executortype: string }): Profile {
  const settings = resolveSettings({ flags, env: io.env })
  const { endpoints, colony, prvkey, colonyprvkey, serverprvkey } = settings
  const all = {
    server: endpoints.value.join(','),
    colony: colony?.value,
    prvkey: prvkey?.value,
    colonyprvkey: colonyprvkey?.value,
    serverprvkey: serverprvkey?.value,
    executorname: given.executorname || settings.executorname?.value,
    executortype: given.executortype || settings.executortype?.value,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function unknownProfile(name: string, { profiles: { profiles }, io }: Session): UsageError {
  const known = Object.keys(profiles).join(', ') || 'none'
  return new UsageError(`There is no profile "${name}" in ${io.profilesFile}; known: ${known}.`)
}
