import type { Output } from '@colonies/client'
import { limits } from '@colonies/protocol'
import { flag, integer, needed, noun, text, texts, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { UsageError } from '../exit-codes.js'
import { formatTime } from '../format-time.js'
import { shortId } from '../ids.js'
import type { Session } from '../session.js'
import { readText } from '../spec-file.js'
import { pickNamed, readStoredWorkflow, withWorkflow } from '../stored-workflow.js'
import type { Column } from '../table.js'
import { created, done, list } from '../view.js'
import { allGenerators } from '../whole-lists.js'

type Generator = Output<'getGenerator'>

const columnsOf = (ids: boolean): readonly Column<Generator>[] => [
  { header: 'ID', of: ({ generatorid }) => (ids ? generatorid : shortId(generatorid)), whole: true },
  { header: 'NAME', of: ({ name }) => name },
  { header: 'QUEUE', of: ({ queuesize, trigger }) => `${queuesize} of ${trigger}`, whole: true },
  { header: 'OLDEST', of: ({ oldestpack }) => formatTime(oldestpack), whole: true },
  { header: 'LAST RUN', of: ({ lastrun }) => formatTime(lastrun), whole: true },
  { header: 'INITIATOR', of: ({ initiatorname }) => initiatorname },
]

const fields: readonly Column<Generator>[] = [
  { header: 'Id', of: ({ generatorid }) => generatorid },
  { header: 'Name', of: ({ name }) => name },
  { header: 'Initiator', of: ({ initiatorname, initiatorid }) => initiatorname || initiatorid },
  { header: 'Trigger', of: ({ trigger }) => `${trigger} arguments` },
  { header: 'Timeout', of: ({ timeout }) => (timeout > 0 ? `${timeout} s` : 'none') },
  { header: 'Queue', of: ({ queuesize }) => queuesize },
  { header: 'Oldest in queue', of: ({ oldestpack }) => formatTime(oldestpack) },
  { header: 'First pack', of: ({ firstpack }) => formatTime(firstpack) },
  { header: 'Last run', of: ({ lastrun }) => formatTime(lastrun) },
  { header: 'Looks every', of: ({ checkerperiod }) => `${checkerperiod} ms` },
  { header: 'Error', of: ({ lasterror }) => lasterror, colour: () => 'red' },
]

/** Too long for a column, and the first thing to know. */
const remark = ({ name, lasterror }: Generator) => lasterror && `${name} was not started: ${lasterror}`

const generatorid = needed('name or id of the generator, or the beginning of its id')

async function findGeneratorId(given: string, session: Session): Promise<string> {
  const named = (await allGenerators(session)).map(({ generatorid, name }) => ({ id: generatorid, name }))
  return pickNamed(given, named, 'generator').id
}

export const generatorCommands = noun(
  'generator',
  'Workflows that are started when enough arguments have been packed.',
  [
    verb({
      name: 'add',
      summary: 'Add a generator.',
      positional: ['name'],
      options: {
        name: needed('name of the generator'),
        spec: needed('file with an array of function specs in JSON or YAML; - is standard input', { short: 'f' }),
        trigger: integer('how many arguments start a workflow', { min: 1, max: limits.generatorTriggerMax }),
        timeout: integer('seconds after which fewer do; -1: never', { min: -1, max: 2 ** 31 - 1, otherwise: -1 }),
        lenient: flag('leave out unknown fields of the file'),
      },
      examples: ['colonies generator add images --spec thumbnails.json --trigger 10 --timeout 60'],
      async run({ name, spec, trigger, timeout, lenient }, session) {
        const { member, colonyname } = session
        if (trigger === undefined)
          throw new UsageError('How many arguments start a workflow? Give --trigger, such as --trigger 10.')
        const workflowspec = await readStoredWorkflow(spec, lenient, session)
        const generator = await member.addGenerator({ generator: { colonyname, name, trigger, timeout, workflowspec } })
        return created(`Generator ${name} was added.`, generator.generatorid, generator)
      },
    }),
    verb({
      name: 'ls',
      summary: 'List the generators of the colony.',
      options: {
        count: integer('how many at most', { min: 1, max: limits.directoryCountMax, otherwise: 100 }),
        ids: flag('whole ids', { short: 'i' }),
      },
      async run({ count, ids }, session) {
        const generators = await allGenerators(session, count)
        return list(generators, columnsOf(ids), { id: (one) => one.generatorid, none: 'No generators.', remark })
      },
    }),
    verb({
      name: 'get',
      summary: 'Show one generator with its queue and its workflow.',
      positional: ['generatorid'],
      options: { generatorid },
      async run({ generatorid }, session) {
        const generator = await session.member.getGenerator({
          generatorid: await findGeneratorId(generatorid, session),
        })
        return withWorkflow(generator, generator.generatorid, fields)
      },
    }),
    verb({
      name: 'pack',
      summary: 'Hand in arguments, in their order; each reaches exactly one workflow.',
      positional: ['generatorid'],
      options: {
        generatorid,
        arg: texts('an argument; may be repeated'),
        lines: text('file with an argument in each line; - is standard input'),
      },
      examples: [
        'colonies generator pack images --arg s3://scenes/1.tif --arg s3://scenes/2.tif',
        'find scenes -name "*.tif" | colonies generator pack images --lines -',
      ],
      async run({ generatorid, arg, lines }, session) {
        const args = [...arg, ...(lines === '' ? [] : await readLines(lines, session))]
        if (args.length === 0) throw new UsageError('Nothing to pack: give --arg or --lines.')
        const id = await findGeneratorId(generatorid, session)
        for (let from = 0; from < args.length; from += limits.batchItemsMax) {
          const some = args.slice(from, from + limits.batchItemsMax)
          await session.member.packGeneratorMany({ generatorid: id, args: some })
        }
        const what = args.length === 1 ? 'One argument was' : `${args.length} arguments were`
        return done(`${what} packed.`, { generatorid: id })
      },
    }),
    verb({
      name: 'remove',
      summary: 'Remove a generator with the arguments that wait; what it has started stays.',
      positional: ['generatorid'],
      options: { generatorid, yes: flag('do not ask', { short: 'y' }) },
      async run({ generatorid, yes }, session) {
        const id = await findGeneratorId(generatorid, session)
        await confirm(`Generator ${generatorid} will be removed, with the arguments that wait for it.`, yes, session)
        await session.member.removeGenerator({ generatorid: id })
        return done(`Generator ${generatorid} was removed.`, { generatorid: id })
      },
    }),
  ],
)

async function readLines(file: string, { io }: Session): Promise<string[]> {
  const text = await readText(file, io)
  return text.split(/\r?\n/).filter((line) => line !== '')
}
