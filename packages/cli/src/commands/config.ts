import { identityOf } from '@colonies/identity'
import { noun, verb } from '../command.js'
import type { Session } from '../session.js'
import type { Setting } from '../settings.js'
import type { Column } from '../table.js'
import { list } from '../view.js'

interface Row {
  name: string
  value: string
  origin: string
}

const columns: readonly Column<Row>[] = [
  { header: 'SETTING', of: ({ name }) => name },
  { header: 'VALUE', of: ({ value }) => value, whole: true },
  { header: 'FROM', of: ({ origin }) => origin },
]

const view = {
  summary: 'Show each setting and where it comes from; of keys, only the ids.',
  run: (_: object, session: Session) =>
    list(rowsOf(session), columns, {
      id: ({ name, value }) => `${name}=${value}`,
      none: 'No settings.',
    }),
}

export const configCommands = noun('config', 'What commands are configured with.', [verb({ name: 'view', ...view })])

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
