import type { Output } from '@colonies/client'
import { allPages } from '../all-pages.js'
import { flag, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import type { Session } from '../session.js'
import { statisticsFields } from '../statistics.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'

type Colony = Output<'getColony'>

const columns: readonly Column<Colony>[] = [
  { header: 'NAME', of: ({ name }) => name },
  { header: 'ID OF THE OWNER', of: ({ colonyid }) => colonyid, whole: true },
]
/** The colony that is configured, unless another is named. */
const name = text('name of the colony')
const nameOf = (named: string, session: Session) => named || session.colonyname

export const colonyCommands = noun('colony', 'Trust domains: their executors, users and processes.', [
  verb({
    name: 'add',
    summary: 'Create a colony, as the server owner.',
    positional: ['name', 'colonyid'],
    options: {
      name: needed('name of the colony'),
      colonyid: needed('id of the key of its owner, as `colonies key generate` prints it'),
    },
    async run(values, { serverOwner }) {
      const colony = await serverOwner.addColony({ colony: values })
      return created(`Colony ${colony.name} was created.`, colony.colonyid, colony)
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the colonies of the server, as its owner.',
    async run(_, { serverOwner }) {
      const colonies = await allPages(
        (after) => serverOwner.getColonies({ after }),
        ({ name }) => name,
      )
      return list(colonies, columns, { id: ({ name }) => name, none: 'No colonies.' })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a colony with all that belongs to it, as the server owner.',
    positional: ['name'],
    options: { name: needed('name of the colony'), yes: flag('do not ask', { short: 'y' }) },
    async run({ name, yes }, session) {
      const { serverOwner } = session
      await confirm(`Colony ${name} will be removed with all its users, executors and processes.`, yes, session)
      await serverOwner.removeColony({ colonyname: name })
      return done(`Colony ${name} was removed.`, { name })
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one colony.',
    positional: ['name'],
    options: { name },
    async run({ name }, session) {
      const colony = await session.member.getColony({ colonyname: nameOf(name, session) })
      return item(colony, colony.colonyid, columns)
    },
  }),
  verb({
    name: 'check',
    summary: 'Tell whether a colony is there and lets this key in; the exit code says it too.',
    positional: ['name'],
    options: { name },
    async run({ name }, session) {
      const colony = await session.member.getColony({ colonyname: nameOf(name, session) })
      return done(`Colony ${colony.name} is there.`, { name: colony.name })
    },
  }),
  verb({
    name: 'stats',
    summary: 'Count executors, processes and workflows.',
    positional: ['name'],
    options: { name },
    async run({ name }, session) {
      const colonyname = nameOf(name, session)
      return item(await session.member.getColonyStatistics({ colonyname }), colonyname, statisticsFields)
    },
  }),
  verb({
    name: 'chid',
    summary: 'Give the colony owner a new key, while you still hold the old one.',
    positional: ['colonyid'],
    options: { colonyid: needed('id of the new key') },
    async run({ colonyid }, { colonyOwner, colonyname }) {
      await colonyOwner.changeColonyId({ colonyname, colonyid })
      return done(`From now on the new key owns colony ${colonyname}.`, { colonyid })
    },
  }),
  ...pauseVerbs(false),
])

/** The original has these below `process`. */
export function pauseVerbs(hidden: boolean) {
  return [
    verb({
      name: 'pause',
      hidden,
      summary: 'Assign no process until the colony is resumed, as its owner; running work goes on.',
      positional: ['name'],
      options: { name },
      async run({ name }, session) {
        const colonyname = nameOf(name, session)
        await session.colonyOwner.pauseAssignments({ colonyname })
        return done(`Colony ${colonyname} assigns no processes now.`, { colonyname })
      },
    }),
    verb({
      name: 'resume',
      hidden,
      summary: 'Assign processes again, as the colony owner.',
      positional: ['name'],
      options: { name },
      async run({ name }, session) {
        const colonyname = nameOf(name, session)
        await session.colonyOwner.resumeAssignments({ colonyname })
        return done(`Colony ${colonyname} assigns processes again.`, { colonyname })
      },
    }),
    verb({
      name: 'status',
      hidden,
      summary: 'Tell whether the colony is paused.',
      positional: ['name'],
      options: { name },
      async run({ name }, session) {
        const status = await session.member.getPauseStatus({ colonyname: nameOf(name, session) })
        return item(status, status.colonyname, [
          { header: 'Colony', of: ({ colonyname }) => colonyname },
          { header: 'Assignments', of: ({ ispaused }) => (ispaused ? 'paused' : 'running') },
        ])
      },
    }),
  ]
}
