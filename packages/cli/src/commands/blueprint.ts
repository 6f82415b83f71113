import type { Client, Output } from '@colonies/client'
import { type JsonValue, limits, parseJson } from '@colonies/protocol'
import { countReplicas, examine, type Finding, readSurroundings } from '../blueprint-doctor.js'
import { readBlueprint, withMember } from '../blueprint-files.js'
import { flag, integer, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { formatJson } from '../format-json.js'
import { formatTime } from '../format-time.js'
import { logOptions, showLog } from '../show-log.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allBlueprints, allDefinitions, allExecutors } from '../whole-lists.js'
import { blueprintDefinitionCommands } from './blueprint-definition.js'

type Blueprint = Output<'getBlueprint'>
type Change = Output<'getBlueprintHistory'>[number]

/** A blueprint with what executors say about it. */
type Listed = Blueprint & { executorType: string; replicas: string; old: number }

const columns: readonly Column<Listed>[] = [
  { header: 'NAME', of: ({ metadata }) => metadata.name },
  { header: 'KIND', of: ({ kind }) => kind },
  { header: 'LOCATION', of: ({ metadata }) => metadata.locationname },
  { header: 'EXECUTOR TYPE', of: ({ executorType }) => executorType },
  { header: 'REPLICAS', of: ({ replicas }) => replicas },
  { header: 'OLDGEN', of: ({ old }) => old || '' },
  { header: 'GEN', of: ({ metadata }) => metadata.generation },
  { header: 'UPDATED', of: ({ metadata }) => formatTime(metadata.updatedAt), whole: true },
]

const fields: readonly Column<Blueprint>[] = [
  { header: 'Name', of: ({ metadata }) => metadata.name },
  { header: 'Id', of: ({ blueprintid }) => blueprintid },
  { header: 'Kind', of: ({ kind }) => kind },
  { header: 'Colony', of: ({ metadata }) => metadata.colonyname },
  { header: 'Location', of: ({ metadata }) => metadata.locationname },
  { header: 'Generation', of: ({ metadata }) => metadata.generation },
  { header: 'Labels', of: ({ metadata }) => pairs(metadata.labels) },
  { header: 'Annotations', of: ({ metadata }) => pairs(metadata.annotations) },
  { header: 'Added', of: ({ metadata }) => formatTime(metadata.createdAt) },
  { header: 'Updated', of: ({ metadata }) => formatTime(metadata.updatedAt) },
  { header: 'Reconciled', of: ({ metadata }) => formatTime(metadata.lastReconciliationTime) },
  { header: 'By process', of: ({ metadata }) => metadata.lastReconciliationProcess },
  { header: 'Spec', of: ({ spec }) => formatJson(spec) },
  { header: 'Status', of: ({ status }) => (status === null ? '' : formatJson(status)) },
]

const changeColumns: readonly Column<Change>[] = [
  { header: 'GENERATION', of: ({ generation }) => generation },
  { header: 'TIME', of: ({ timestamp }) => formatTime(timestamp), whole: true },
  { header: 'CHANGE', of: ({ changetype }) => changetype },
  { header: 'CHANGED BY', of: ({ changedby }) => changedby },
]

const changeFields: readonly Column<Change>[] = [
  ...changeColumns,
  { header: 'SPEC', of: ({ spec }) => formatJson(spec) },
  { header: 'STATUS', of: ({ status }) => (Object.keys(status ?? {}).length > 0 ? formatJson(status) : '') },
]

const findingColumns: readonly Column<Finding>[] = [
  { header: 'BLUEPRINT', of: ({ blueprint }) => blueprint },
  { header: '', of: ({ level }) => level, colour: ({ level }) => colours[level], whole: true },
  { header: 'FINDING', of: ({ says }) => says },
]
const colours = { ok: 'green', warning: 'yellow', error: 'red' } as const

const name = needed('name of the blueprint')
const fromFile = {
  spec: needed('file with the blueprint; - is standard input', { short: 'f' }),
  lenient: flag('leave out unknown fields of the file'),
}

export const blueprintCommands = noun('blueprint', 'What should be, and executors that make it so.', [
  blueprintDefinitionCommands,
  verb({
    name: 'add',
    summary: 'Add a blueprint, and have it reconciled.',
    positional: ['spec'],
    options: fromFile,
    async run({ spec: file, lenient }, { member, colonyname, io }) {
      const added = await member.addBlueprint({ blueprint: await readBlueprint({ file, lenient, colonyname }, io) })
      const { name } = added.metadata
      return created(`The blueprint ${name} of kind ${added.kind} was added.`, name, added)
    },
  }),
  verb({
    name: 'update',
    summary: 'Replace a blueprint; another spec is reconciled at once.',
    positional: ['spec'],
    options: {
      ...fromFile,
      force: flag('reconcile it even if the spec is the same'),
      generation: integer('refuse unless it has this generation', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    },
    async run({ spec: file, lenient, force, generation }, { member, colonyname, io }) {
      const blueprint = await readBlueprint({ file, lenient, colonyname }, io)
      const updated = await member.updateBlueprint({
        blueprint,
        forcegeneration: force,
        expectedgeneration: generation ?? null,
      })
      return updatedView(updated)
    },
  }),
  verb({
    name: 'set',
    summary: 'Change one member of the spec.',
    positional: ['name', 'key', 'value'],
    options: {
      name,
      key: needed('path of the member, such as replicas or ports.0.name', { short: 'k' }),
      value: needed('value, as JSON or else as a text'),
    },
    async run({ name, key, value }, { member, colonyname }) {
      const blueprint = await member.getBlueprint({ namespace: colonyname, name })
      const spec = withMember(blueprint.spec, key, readValue(value))
      // Without its status, which the reconciler may be about to report.
      const updated = await member.updateBlueprint({
        blueprint: { ...blueprint, spec, status: null },
        expectedgeneration: blueprint.metadata.generation,
      })
      return updatedView(updated)
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one blueprint.',
    positional: ['name'],
    options: { name },
    run: async ({ name }, { member, colonyname }) =>
      item(await member.getBlueprint({ namespace: colonyname, name }), name, fields),
  }),
  verb({
    name: 'ls',
    summary: 'List the blueprints of the colony.',
    options: { kind: text('only of this kind'), location: text('only at this location, of a kind') },
    async run({ kind, location }, session) {
      if (location !== '' && kind === '') throw new UsageError('--location needs --kind beside it.')
      const blueprints = await allBlueprints(session, { kind, locationname: location })
      const [definitions, executors] = await Promise.all([allDefinitions(session), allExecutors(session)])
      const typeOf = new Map(definitions.map(({ spec }) => [spec.names.kind, spec.handler.executorType]))
      const rows = blueprints.map((blueprint): Listed => {
        const { wanted, current, old } = countReplicas(blueprint, executors)
        const replicas = wanted === undefined ? '' : `${current ?? '?'}/${wanted}`
        return { ...blueprint, executorType: typeOf.get(blueprint.kind) ?? '', replicas, old }
      })
      const view = list(rows, columns, { id: ({ metadata }) => metadata.name, none: 'No blueprints.' })
      return { ...view, data: blueprints }
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a blueprint; its reconciler frees what it had.',
    positional: ['name'],
    options: { name, yes: flag('do not ask', { short: 'y' }) },
    async run({ name, yes }, session) {
      const { member, colonyname } = session
      await confirm(`The blueprint ${name} will be removed, and what runs for it.`, yes, session)
      await member.removeBlueprint({ namespace: colonyname, name })
      return done(`The blueprint ${name} was removed.`, { name })
    },
  }),
  verb({
    name: 'reconcile',
    summary: 'Have a blueprint reconciled now.',
    positional: ['name'],
    options: { name, force: flag('as a new generation, from nothing', { short: 'f' }) },
    async run({ name, force }, { member, colonyname }) {
      const process = await member.reconcileBlueprint({ namespace: colonyname, name, force })
      const hint = `\`colonies log get ${process.processid} --follow\` shows its log.`
      return created(`A process to reconcile ${name} was submitted. ${hint}`, process.processid, process)
    },
  }),
  verb({
    name: 'history',
    summary: 'List the generations of a blueprint, newest first.',
    positional: ['name'],
    options: {
      name,
      limit: integer('how many at most', { short: 'l', min: 1, max: limits.blueprintHistoryMax, otherwise: 10 }),
      generation: integer('show this one whole', { short: 'g', min: 0, max: Number.MAX_SAFE_INTEGER - 1 }),
    },
    async run({ name, limit, generation }, { member, colonyname }) {
      const { blueprintid } = await member.getBlueprint({ namespace: colonyname, name })
      if (generation === undefined) {
        const changes = await member.getBlueprintHistory({ blueprintid, limit })
        return list(changes, changeColumns, { id: ({ historyid }) => historyid, none: 'No history.' })
      }
      const [change] = await member.getBlueprintHistory({ blueprintid, limit: 1, aftergeneration: generation + 1 })
      if (change?.generation === generation) return item(change, change.historyid, changeFields)
      throw new UsageError(`The history of ${name} has no generation ${generation} (any more).`)
    },
  }),
  verb({
    name: 'log',
    summary: 'Print the log of the process that reconciled a blueprint last.',
    positional: ['name'],
    options: { name, ...logOptions },
    async run({ name, ...given }, session) {
      const { metadata } = await session.member.getBlueprint({ namespace: session.colonyname, name })
      const { lastReconciliationProcess: processid } = metadata
      if (processid === '') throw new UsageError(`Nobody reconciles ${name}: its definition has no handler.`)
      return showLog({ ...given, processid, executorname: '' }, session)
    },
  }),
  verb({
    name: 'doctor',
    summary: 'Find out whether blueprints are looked after.',
    positional: ['name'],
    options: { name: text('only this one'), fix: flag('have reconciled what that can mend') },
    async run({ name, fix }, session) {
      const { member, colonyname } = session
      const blueprints =
        name === '' ? await allBlueprints(session) : [await member.getBlueprint({ namespace: colonyname, name })]
      const surroundings = await readSurroundings(session)
      const findings = blueprints.flatMap((blueprint) => examine(blueprint, surroundings, Date.now()))
      const mended = fix ? await mend(member, colonyname, findings) : 0
      const view = list(findings, findingColumns, { id: ({ blueprint }) => blueprint, none: 'No blueprints.' })
      const isBad = findings.some(({ level }) => level === 'error')
      const note = mended > 0 ? `${mended} of them are reconciled now; look again in a while.` : view.note
      return { ...view, note, exitCode: isBad && !fix ? ExitCode.failure : undefined }
    },
  }),
])

function updatedView(blueprint: Blueprint) {
  const { name, generation } = blueprint.metadata
  return created(`The blueprint ${name} was updated; its generation is ${generation}.`, name, blueprint)
}

function readValue(given: string): JsonValue {
  try {
    return parseJson(given)
  } catch {
    return given
  }
}

/** @returns how many blueprints are reconciled now */
async function mend(member: Client, namespace: string, findings: readonly Finding[]): Promise<number> {
  const force = new Map<string, boolean>()
  for (const { blueprint, mend } of findings)
    if (mend !== undefined) force.set(blueprint, mend === 'force' || force.get(blueprint) === true)
  for (const [name, forced] of force) await member.reconcileBlueprint({ namespace, name, force: forced })
  return force.size
}

function pairs(values: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(values ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')
}
