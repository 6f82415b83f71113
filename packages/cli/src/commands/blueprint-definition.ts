import type { Output } from '@colonies/client'
import { readDefinition } from '../blueprint-files.js'
import { flag, needed, noun, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { formatJson } from '../format-json.js'
import { formatTime } from '../format-time.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allDefinitions } from '../whole-lists.js'

type Definition = Output<'getBlueprintDefinition'>

const columns: readonly Column<Definition>[] = [
  { header: 'NAME', of: ({ metadata }) => metadata.name },
  { header: 'KIND', of: ({ spec }) => spec.names.kind },
  { header: 'EXECUTOR TYPE', of: ({ spec }) => spec.handler.executorType },
  { header: 'FUNCTION', of: ({ spec }) => spec.handler.functionName },
]

const fields: readonly Column<Definition>[] = [
  { header: 'Name', of: ({ metadata }) => metadata.name },
  { header: 'Id', of: ({ blueprintdefinitionid }) => blueprintdefinitionid },
  { header: 'Kind', of: ({ spec }) => spec.names.kind },
  { header: 'Colony', of: ({ metadata }) => metadata.colonyname },
  { header: 'Group', of: ({ spec }) => spec.group },
  { header: 'Version', of: ({ spec }) => spec.version },
  { header: 'Executor type', of: ({ spec }) => spec.handler.executorType },
  { header: 'Function', of: ({ spec }) => spec.handler.functionName },
  { header: 'Interval', of: ({ spec }) => spec.handler.reconcileInterval && `${spec.handler.reconcileInterval} s` },
  { header: 'Added', of: ({ metadata }) => formatTime(metadata.createdAt) },
  { header: 'Schema', of: ({ spec }) => (Object.keys(spec.schema ?? {}).length > 0 ? formatJson(spec.schema) : '') },
]

const name = needed('name of the definition')

export const blueprintDefinitionCommands = noun('definition', 'Kinds of blueprints, and who reconciles them.', [
  verb({
    name: 'add',
    summary: 'Add a definition, as the colony owner.',
    positional: ['spec'],
    options: {
      spec: needed('file with the definition; - is standard input', { short: 'f' }),
      lenient: flag('leave out unknown fields of the file'),
    },
    async run({ spec: file, lenient }, { colonyOwner, colonyname, io }) {
      const blueprintdefinition = await readDefinition({ file, lenient, colonyname }, io)
      const added = await colonyOwner.addBlueprintDefinition({ blueprintdefinition })
      const { name } = added.metadata
      return created(`The definition ${name} of kind ${added.spec.names.kind} was added.`, name, added)
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one definition.',
    positional: ['name'],
    options: { name },
    run: async ({ name }, { member, colonyname }) =>
      item(await member.getBlueprintDefinition({ colonyname, name }), name, fields),
  }),
  verb({
    name: 'ls',
    summary: 'List the definitions of the colony.',
    async run(_, session) {
      return list(await allDefinitions(session), columns, {
        id: ({ metadata }) => metadata.name,
        none: 'No definitions.',
      })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a definition without blueprints, as the colony owner.',
    positional: ['name'],
    options: { name, yes: flag('do not ask', { short: 'y' }) },
    async run({ name, yes }, session) {
      const { colonyOwner, colonyname } = session
      await confirm(`The definition ${name} will be removed from colony ${colonyname}.`, yes, session)
      await colonyOwner.removeBlueprintDefinition({ namespace: colonyname, name })
      return done(`The definition ${name} was removed.`, { name })
    },
  }),
])
