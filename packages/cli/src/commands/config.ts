import { identityOf } from '@colonies/identity'
import { noun, verb } from '../command.js'
import type { Session } from '../session.js'
import type { Setting, Settings } from '../settings.js'
import type { Column } from '../table.js'
import { lines, list, type View } from '../view.js'

interface Row {
  name: string
  value: string
  origin: string
}

const columns: readonly Column<Row>[] = [
  { header: 'SETTING', of: ({ name }) => name, whole: true },
  { header: 'FROM', of: ({ origin }) => origin, whole: true },
  { header: 'VALUE', of: ({ value }) => value, whole: true },
]

const nothingSet =
  'Nothing is set yet. `npm start` runs a colony on this machine and makes a profile for it; for another server: ' +
  '`colonies profile add NAME --server URL --colony NAME --prvkey KEY`.'

/** Not by default, and not the name of the file where it would be. */
function isSet({ origin }: Row): boolean {
  return !['default', 'not set', 'file'].includes(origin)
}

const view = {
  summary: 'Show each setting and where it comes from; of keys, only the ids.',
  run(_: object, session: Session): View {
    const rows = rowsOf(session)
    const view = list(rows, columns, { id: ({ name, value }) => `${name}=${value}`, none: 'No settings.' })
    return rows.some(isSet) ? view : { ...view, note: nothingSet }
  },
}

export const configCommands = noun('config', 'What commands are configured with.', [
  verb({ name: 'view', aliases: ['ls'], ...view }),
  verb({
    name: 'env',
    summary:
      'Print the settings, keys too, as a shell sets variables, for programs on any SDK: eval "$(colonies config env)".',
    run(_, { settings }) {
      const variables = environmentOf(settings)
      const exports = Object.entries(variables).map(
        ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
      )
      return lines(exports, variables)
    },
  }),
])

/** What SDKs read, those of the original too. @returns only what is set */
function environmentOf({ endpoints, colony, prvkey, colonyprvkey }: Settings): Record<string, string> {
  const { protocol, hostname, port } = new URL(endpoints.value[0] ?? '')
  const isSecure = protocol === 'https:'
  const variables = {
    COLONIES_SERVER_HOST: hostname,
    COLONIES_SERVER_PORT: port || (isSecure ? '443' : '80'),
    COLONIES_TLS: String(isSecure),
    COLONIES_SERVER_TLS: String(isSecure), // as pycolonies calls it
    COLONIES_COLONY_NAME: colony?.value,
    COLONIES_PRVKEY: prvkey?.value,
    COLONIES_COLONY_PRVKEY: colonyprvkey?.value,
  }
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

function rowsOf(session: Session): Row[] {
  const { settings, profile, io } = session
  const { endpoints } = settings
  const shown = (name: string, setting: Setting | undefined): Row =>
    setting ? { name, value: setting.value, origin: setting.origin } : { name, value: '', origin: 'not set' }
  const masked = (name: string, key: Setting | undefined): Row =>
    key ? { name, value: `key of ${identityOf(key.value)}`, origin: key.origin } : shown(name, undefined)
  return [
    { name: 'server', value: endpoints.value.join(','), origin: endpoints.origin },
    shown('colony', settings.colony),
    masked('prvkey', settings.prvkey),
    masked('colonyprvkey', settings.colonyprvkey),
    masked('serverprvkey', settings.serverprvkey),
    shown('executorname', settings.executorname),
    shown('executortype', settings.executortype),
    { name: 'profile', value: profile?.name ?? '', origin: profile?.origin ?? 'not set' },
    { name: 'profiles', value: io.profilesFile, origin: 'file' },
  ]
}
