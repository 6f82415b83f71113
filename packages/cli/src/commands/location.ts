import type { Output } from '@colonies/client'
import { flag, needed, noun, number, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allLocations } from '../whole-lists.js'

type Location = Output<'getLocation'>

const columns: readonly Column<Location>[] = [
  { header: 'NAME', of: ({ name }) => name },
  { header: 'DESCRIPTION', of: ({ description }) => description },
  { header: 'LONG', of: ({ long }) => long },
  { header: 'LAT', of: ({ lat }) => lat },
]
const fields: readonly Column<Location>[] = [
  { header: 'Name', of: ({ name }) => name },
  { header: 'Description', of: ({ description }) => description },
  { header: 'Degrees east', of: ({ long }) => long },
  { header: 'Degrees north', of: ({ lat }) => lat },
]
const name = needed('name of the location')

export const locationCommands = noun('location', 'Places that executors belong to and function specs may ask for.', [
  verb({
    name: 'add',
    summary: 'Add a location, as the colony owner.',
    positional: ['name'],
    options: { name, desc: text('description'), long: number('degrees east', 180), lat: number('degrees north', 90) },
    async run({ name, desc, long, lat }, { colonyOwner, colonyname }) {
      const location = await colonyOwner.addLocation({ location: { colonyname, name, description: desc, long, lat } })
      return created(`Location ${name} was added to colony ${colonyname}.`, name, location)
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the locations of the colony.',
    async run(_, session) {
      return list(await allLocations(session), columns, { id: ({ name }) => name, none: 'No locations.' })
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one location.',
    positional: ['name'],
    options: { name },
    run: async ({ name }, { member, colonyname }) => item(await member.getLocation({ colonyname, name }), name, fields),
  }),
  verb({
    name: 'remove',
    summary: 'Remove a location, as the colony owner; executors keep its name.',
    positional: ['name'],
    options: { name, yes: flag('do not ask', { short: 'y' }) },
    async run({ name, yes }, session) {
      const { colonyOwner, colonyname } = session
      await confirm(`Location ${name} will be removed from colony ${colonyname}.`, yes, session)
      await colonyOwner.removeLocation({ colonyname, name })
      return done(`Location ${name} was removed.`, { name })
    },
  }),
])
