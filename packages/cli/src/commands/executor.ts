import { rmSync } from 'node:fs'
import { ConflictError, type Input, type Output } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { Executor, ExecutorState } from '@colonies/protocol'
import { isObject } from '../arguments.js'
import { checkFields } from '../check-fields.js'
import { flag, needed, noun, text, verb } from '../command.js'
import { UsageError } from '../exit-codes.js'
import { formatTime } from '../format-time.js'
import type { Io } from '../io.js'
import { writeNewFiles } from '../private-file.js'
import { refuseOtherColony } from '../refuse-other-colony.js'
import type { Session } from '../session.js'
import { readDocument } from '../spec-file.js'
import type { Colour, Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allExecutors } from '../whole-lists.js'

type ExecutorReply = Output<'getExecutor'>

const states = ['pending', 'approved', 'rejected', 'removed'] as const
const colours: readonly Colour[] = ['yellow', 'green', 'red', 'grey']
const stateOf = ({ state }: ExecutorReply) => states[state] ?? 'pending'

const columns: readonly Column<ExecutorReply>[] = [
  { header: 'NAME', of: ({ executorname }) => executorname },
  { header: 'TYPE', of: ({ executortype }) => executortype },
  { header: 'STATE', of: stateOf, colour: ({ state }) => colours[state], whole: true },
  { header: 'LOCATION', of: ({ locationname }) => locationname },
  { header: 'LAST HEARD FROM', of: ({ lastheardfromtime }) => formatTime(lastheardfromtime) },
]

const fields: readonly Column<ExecutorReply>[] = [
  { header: 'Name', of: ({ executorname }) => executorname },
  { header: 'Id', of: ({ executorid }) => executorid },
  { header: 'Type', of: ({ executortype }) => executortype },
  { header: 'State', of: stateOf, colour: ({ state }) => colours[state] },
  { header: 'Colony', of: ({ colonyname }) => colonyname },
  { header: 'Location', of: ({ locationname }) => locationname },
  { header: 'Added', of: ({ commissiontime }) => formatTime(commissiontime) },
  { header: 'Last heard from', of: ({ lastheardfromtime }) => formatTime(lastheardfromtime) },
  {
    header: 'Hardware',
    of: ({ capabilities }) => (capabilities.hardware ?? []).map(describeHardware).join('\n'),
  },
  {
    header: 'Software',
    of: ({ capabilities }) =>
      (capabilities.software ?? []).map(({ name, type, version }) => joined([name, version, type])).join('\n'),
  },
]

type Hardware = NonNullable<ExecutorReply['capabilities']['hardware']>[number]

function describeHardware({ nodes, cpu, mem, storage, gpu, ...rest }: Hardware): string {
  const gpus = gpu.count > 0 ? `${gpu.count} GPU ${gpu.name} ${gpu.mem}`.trim() : ''
  return joined([rest.model, nodes > 1 && `${nodes} nodes`, cpu, mem, storage, gpus, rest.platform, rest.architecture])
}

function joined(parts: readonly (string | false)[]): string {
  return parts.filter(Boolean).join(', ')
}

const keyFields: readonly Column<ExecutorReply & { prvkey: string }>[] = [
  { header: 'Name', of: ({ executorname }) => executorname },
  { header: 'Id', of: ({ executorid }) => executorid },
  { header: 'Private key', of: ({ prvkey }) => prvkey },
]

const name = needed('name of the executor')

const newExecutor = {
  name: text('name; COLONIES_EXECUTOR_NAME when left out'),
  type: text('type; COLONIES_EXECUTOR_TYPE when left out'),
  location: text('name of its location'),
  spec: text('file with name, type, capabilities', { short: 'f' }),
  lenient: flag('leave out unknown fields of the file'),
  approve: flag('let it work at once'),
}

export const executorCommands = noun('executor', 'Programs anywhere that take processes of their type.', [
  verb({
    name: 'add',
    summary: 'Add an executor, as the colony owner.',
    positional: ['name', 'executorid'],
    options: { ...newExecutor, executorid: needed('id of its key, as `colonies key generate` prints it') },
    async run({ executorid, ...given }, session) {
      const executor = await addExecutor(executorid, given, session)
      return created(addedSentence(executor, given.approve), executorid, executor)
    },
  }),
  verb({
    name: 'create',
    summary: 'Make a key, and add an executor with it, as the colony owner.',
    positional: ['name'],
    options: {
      ...newExecutor,
      keypath: text('new file for the private key, which is printed when left out'),
      idpath: text('new file for the id'),
    },
    async run({ keypath, idpath, ...given }, session) {
      const prvkey = generatePrivateKey()
      const executorid = identityOf(prvkey)
      // Before the executor is added: nobody could use it without its key.
      const files = writeNewFiles([
        [keypath, prvkey],
        [idpath, executorid],
      ])
      const executor = await addExecutor(executorid, given, session).catch((error: unknown) => {
        for (const file of files) rmSync(file)
        throw error
      })
      const view = created(addedSentence(executor, given.approve), executorid, executor)
      if (keypath !== '') return view
      const keyed = { ...executor, prvkey }
      return { ...item(keyed, executorid, keyFields), note: view.note }
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the executors of the colony.',
    options: {
      type: text('only of this type'),
      location: text('only at this location'),
      filter: text('only with this text in name, type or location', { short: 'f' }),
      all: flag('also those that were removed'),
      full: flag('of no effect', { hidden: true }),
    },
    async run({ type, location, filter, all }, session) {
      const executors = (await allExecutors(session)).filter(
        (one) =>
          (all || one.state !== ExecutorState.unregistered) &&
          (type === '' || one.executortype === type) &&
          (location === '' || one.locationname === location) &&
          [one.executorname, one.executortype, one.locationname].some((value) => value.includes(filter)),
      )
      return list(executors, columns, { id: ({ executorname }) => executorname, none: 'No executors.' })
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one executor.',
    positional: ['name'],
    options: { name },
    async run({ name }, { member, colonyname }) {
      const executor = await member.getExecutor({ colonyname, executorname: name })
      return item(executor, executor.executorid, fields)
    },
  }),
  verb({
    name: 'approve',
    summary: 'Let an executor work, as the colony owner; also brings a rejected or removed one back.',
    positional: ['name'],
    options: { name },
    async run({ name }, { colonyOwner, colonyname }) {
      await colonyOwner.approveExecutor({ colonyname, executorname: name })
      return done(`Executor ${name} may work.`, { name })
    },
  }),
  verb({
    name: 'reject',
    summary: 'Take all rights from an executor at once, as the colony owner.',
    positional: ['name'],
    options: { name },
    async run({ name }, { colonyOwner, colonyname }) {
      await colonyOwner.rejectExecutor({ colonyname, executorname: name })
      return done(`Executor ${name} has no rights any more.`, { name })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove an executor, as the colony owner; what it holds goes back to the queue.',
    positional: ['name'],
    options: { name },
    async run({ name }, { colonyOwner, colonyname }) {
      await colonyOwner.removeExecutor({ colonyname, executorname: name })
      return done(`Executor ${name} was removed.`, { name })
    },
  }),
  verb({
    name: 'chid',
    summary: 'Give the executor a new key, while you still hold the old one.',
    positional: ['executorid'],
    options: { executorid: needed('id of the new key') },
    async run({ executorid }, { member, colonyname }) {
      await member.changeExecutorId({ colonyname, executorid })
      return done('From now on the new key counts.', { executorid })
    },
  }),
])

interface Given {
  readonly name: string
  readonly type: string
  readonly location: string
  readonly spec: string
  readonly lenient: boolean
  readonly approve: boolean
}

async function addExecutor(executorid: string, given: Given, session: Session): Promise<ExecutorReply> {
  const { colonyOwner, colonyname, settings, io } = session
  const file = given.spec === '' ? {} : await readExecutor(given.spec, given.lenient, io)
  refuseOtherColony(file.colonyname, colonyname, given.spec)
  const executorname = given.name || file.executorname || settings.executorname?.value
  const executortype = given.type || file.executortype || settings.executortype?.value
  if (!executorname || !executortype)
    throw new UsageError('An executor needs a name and a type: give --name and --type.')
  const place = given.location || file.locationname
  const named = { ...file, ...(place && { locationname: place }), executorid, executorname, executortype, colonyname }
  const executor = await colonyOwner.addExecutor({ executor: named }).catch((error: unknown) => {
    throw error instanceof ConflictError ? taken(executorname, error) : error
  })
  if (given.approve) await colonyOwner.approveExecutor({ colonyname, executorname })
  return executor
}

/** Names of removed executors stay theirs, so the list of `executor ls` may not show who has it. */
function taken(name: string, error: ConflictError): ConflictError {
  const { status, code } = error
  return new ConflictError(
    `${error.message}: \`colonies executor ls --all\` shows it. \`colonies executor approve ${name}\` brings a removed one ` +
      'back with its old key; a new key needs a new name.',
    { status, code, cause: error },
  )
}

function addedSentence({ executorname, colonyname }: ExecutorReply, isApproved: boolean): string {
  const next = isApproved ? 'and approved' : `and waits for \`colonies executor approve ${executorname}\``
  return `Executor ${executorname} was added to colony ${colonyname} ${next}.`
}

/** What a file may say of an executor; name and id may come from elsewhere. */
type ExecutorFile = Partial<Input<'addExecutor'>['executor']>

async function readExecutor(file: string, lenient: boolean, io: Io): Promise<ExecutorFile> {
  const value = await readDocument(file, io)
  if (!isObject(value))
    throw new UsageError(`${file} must hold an object with executorname, executortype and the like.`)
  if (!lenient) checkFields(Executor, value, file)
  return value as ExecutorFile // what does not have the type of the contract is refused by the client
}
