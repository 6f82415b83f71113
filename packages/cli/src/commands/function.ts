import type { Output } from '@colonies/client'
import type { FunctionSpec } from '@colonies/protocol'
import { parseJsonList, parseJsonObject, parsePairs, parseVariables, splitList } from '../arguments.js'
import { flag, integer, longName, needed, noun, text, texts, verb } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { Session } from '../session.js'
import { readFunctionSpec } from '../spec-file.js'
import { submitFile } from '../submit-file/submit-file.js'
import type { Column } from '../table.js'
import { created, done, list, type View } from '../view.js'
import { type WaitOptions, waitForProcess } from '../wait-for-process.js'
import { allExecutors, allFunctions } from '../whole-lists.js'
import { withSnapshots } from '../with-snapshots.js'

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }

const waitOptions = {
  wait: flag('wait until the process has ended; the exit code tells how'),
  out: flag('with --wait: print its output'),
  follow: flag('wait, and print its log meanwhile'),
  timeout: integer('with --wait: give up after so many seconds; the process is not cancelled', {
    min: 0,
    max: 2_000_000,
    otherwise: 0,
  }),
}

const execOptions = {
  func: needed('name of the function'),
  targettype: text('type of the executors that may run it; COLONIES_EXECUTOR_TYPE when left out'),
  executor: texts('name of an executor that may run it; several with commas between'),
  targetid: text('the same for one executor', { hidden: true }),
  args: texts('arguments, as texts with commas between'),
  argsJson: text('arguments, as a JSON array; behind those of --args'),
  kwargs: texts('arguments by name, as key=value or key:value, with commas between'),
  kwargsJson: text('arguments by name, as a JSON object'),
  env: texts('environment, as NAME=value, with commas between'),
  priority: integer('from -50000 to 50000, higher is sooner', { ...int32, otherwise: 0 }),
  maxwaittime: integer('seconds in the queue; -1 for no limit', { ...int32, otherwise: -1 }),
  maxexectime: integer('seconds on one executor; -1 for no limit', { ...int32, otherwise: -1 }),
  maxretries: integer('how often it is tried again; -1 for ever', { ...int32, otherwise: -1 }),
  location: text('name of the location where it has to run'),
  label: text('label'),
  ...waitOptions,
}

/** For who takes `submit` for it. */
const byName = 'To run a function by its name, with arguments: `colonies function exec`.'

const columns: readonly Column<Output<'getFunctions'>[number]>[] = [
  { header: 'FUNCTION', of: ({ funcname }) => funcname },
  { header: 'TYPE', of: ({ executortype }) => executortype },
  { header: 'EXECUTOR', of: ({ executorname }) => executorname },
  { header: 'ARGS', of: ({ args }) => args.map(({ name, required }) => (required ? name : `[${name}]`)).join(' ') },
  { header: 'CALLS', of: ({ counter }) => counter, whole: true },
  { header: 'WAIT', of: ({ counter, avgwaittime }) => (counter > 0 ? `${avgwaittime.toFixed(2)} s` : ''), whole: true },
  { header: 'RUN', of: ({ counter, avgexectime }) => (counter > 0 ? `${avgexectime.toFixed(2)} s` : ''), whole: true },
  { header: 'DESCRIPTION', of: ({ description }) => description },
]

export const functionCommands = noun('function', 'What executors can do, and handing it in.', [
  verb({
    name: 'exec',
    summary: 'Submit a function that is described by options.',
    positional: ['func'],
    options: execOptions,
    surplus: 'Arguments of the function go into --args or --args-json.',
    async run(values, session) {
      const { func: funcname, priority, maxwaittime, maxexectime, maxretries, label, location } = values
      const executornames = [...splitList(values.executor), ...(values.targetid ? [values.targetid] : [])]
      const executortype = await executorTypeOf(values.targettype, executornames, session)
      const view = await submit(
        {
          funcname,
          args: [...splitList(values.args), ...parseJsonList(values.argsJson, '--args-json')],
          kwargs: { ...parsePairs(values.kwargs), ...parseJsonObject(values.kwargsJson, '--kwargs-json') },
          env: parseVariables(values.env),
          priority,
          maxwaittime,
          maxexectime,
          maxretries,
          label,
          conditions: {
            colonyname: session.colonyname,
            executortype,
            ...(executornames.length > 0 && { executornames }),
            ...(location && { locationname: location }),
          },
        },
        values,
        session,
      )
      // The texts may be what failed it; only who sent them can tell.
      const doubtful = view.exitCode === ExitCode.processFailed && splitList(values.args).some(looksLikeNumber)
      return doubtful
        ? { ...view, note: `${view.note}\n--args hands in texts; for numbers: --args-json '[1,2]'` }
        : view
    },
  }),
  verb({
    name: 'submit',
    summary: 'Submit a function spec from a file, or one from each line of a file.',
    positional: ['spec'],
    options: {
      spec: text('file with a function spec in JSON or YAML; - is standard input', { short: 'f' }),
      file: text('file with a function spec in JSON in each line, as many as you like; - is standard input'),
      fromLine: integer('with --file: the first line to submit', { min: 1, max: 10 ** 12 }),
      keepGoing: flag('with --file: leave out lines that are refused, and tell of them at the end'),
      resume: text('with --file: name of a run; lines that it submitted within a day are not submitted again'),
      label: text('label, instead of that in the file'),
      lenient: flag('leave out unknown fields of the file'),
      snapshot: flag('take a snapshot of the label of each entry of fs.snapshots, and put in its id'),
      ...waitOptions,
    },
    examples: [
      'colonies function submit hello.json --wait --out',
      'colonies function submit --file many.jsonl --keep-going > ids.txt',
      'make-specs | colonies function submit --file - --resume monday',
    ],
    surplus: byName,
    async run({ spec: file, lenient, label, snapshot, ...others }, session) {
      const { file: many, fromLine, keepGoing, resume, ...waiting } = others
      refuseMixed({ spec: file, ...others, snapshot })
      if (many) {
        await submitFile({ file: many, lenient, label, fromLine: fromLine ?? 1, keepGoing, resume }, session)
        return undefined
      }
      const { io, colonyname } = session
      const read = await readFunctionSpec({ file, lenient, colonyname }, io).catch((error: unknown) => {
        throw isNameOfFunction(file, error) ? new UsageError(`${error.message} ${byName}`, { cause: error }) : error
      })
      const spec = snapshot ? await withSnapshots(read, session) : read
      return submit(label ? { ...spec, label } : spec, waiting, session)
    },
  }),
  verb({
    name: 'register',
    summary: 'Tell the colony of a function, as the executor that offers it.',
    positional: ['func'],
    options: {
      func: needed('name of the function'),
      name: text('name of the executor; COLONIES_EXECUTOR_NAME when left out'),
      type: text('type of the executor', { hidden: true }),
      desc: text('description'),
    },
    async run({ func: funcname, name, type: executortype, desc }, { member, colonyname, settings }) {
      const executorname = name || settings.executorname?.value
      if (!executorname) throw new UsageError('Which executor? Give --name, or set COLONIES_EXECUTOR_NAME.')
      const fun = await member.addFunction({
        fun: { executorname, executortype, colonyname, funcname, description: desc },
      })
      return created(`Function ${funcname} was registered.`, fun.functionid, fun)
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the functions that executors offer.',
    options: { executor: text('only of this executor') },
    async run({ executor }, session) {
      const functions = await allFunctions(session, executor)
      return list(functions, columns, { id: ({ functionid }) => functionid, none: 'No functions.' })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Take a function back, as the executor that offers it.',
    positional: ['functionid'],
    options: { functionid: needed('id of the function') },
    async run({ functionid }, { member }) {
      await member.removeFunction({ functionid })
      return done('The function was removed.', { functionid })
    },
  }),
])

/** Files of specs have an extension, or lie in a folder. */
function isNameOfFunction(file: string, error: unknown): error is UsageError {
  if (!(error instanceof UsageError)) return false
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT' && /^[\w-]+$/.test(file)
}

/** One spec may be waited for, and may have its snapshots; a run over many lines has a place and a name. */
const ofOne = ['spec', 'snapshot', 'wait', 'out', 'follow', 'timeout'] as const
const ofMany = ['fromLine', 'keepGoing', 'resume'] as const

/** @throws UsageError for options that do not go together */
function refuseMixed(
  values: Readonly<
    Record<(typeof ofOne)[number] | (typeof ofMany)[number] | 'file', string | number | boolean | undefined>
  >,
): void {
  if (!values.spec && !values.file)
    throw new UsageError(
      'Submit what? Give --spec, a file with a function spec, or --file, one with a spec in each line.',
    )
  const given = (values.file ? ofOne : ofMany).filter((name) => values[name])
  if (given.length === 0) return
  const names = given.map((name) => longName(name)).join(', ')
  throw new UsageError(
    values.file
      ? `--file cannot be used with ${names}: that is for one function spec.`
      : `Only --file goes with ${names}.`,
  )
}

/** Processes go to executors of one type, those for named executors too. @throws UsageError when it stays open */
async function executorTypeOf(given: string, executornames: readonly string[], session: Session): Promise<string> {
  const { settings } = session
  if (given) return given
  if (executornames.length === 0) {
    if (settings.executortype) return settings.executortype.value
    throw new UsageError('Who may run it? Give --targettype, a type of executors, or --executor, the name of one.')
  }
  const executors = await allExecutors(session)
  const types = new Set(executornames.map((name) => typeOfExecutor(name, executors)))
  const [type = ''] = types
  if (types.size === 1) return type
  throw new UsageError(`These executors are of several types, ${[...types].join(', ')}: give --targettype.`)
}

function typeOfExecutor(name: string, executors: Output<'getExecutors'>): string {
  const executor = executors.find(({ executorname }) => executorname === name)
  if (executor) return executor.executortype
  throw new UsageError(
    `There is no executor ${name}: \`colonies executor ls\` lists them. To submit anyway, give --targettype.`,
  )
}

function looksLikeNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text))
}

async function submit(spec: FunctionSpec, waiting: WaitOptions & { wait: boolean }, session: Session): Promise<View> {
  if (waiting.out && !waiting.wait && !waiting.follow) throw new UsageError('--out needs --wait.')
  const process = await session.member.submit({ spec })
  const submitted = created(`Submitted ${spec.funcname}.`, process.processid, process)
  if (!waiting.wait && !waiting.follow) return submitted
  // Whoever waits for the output gets nothing else on standard output.
  if (session.out.format !== 'table') return waitForProcess(process.processid, waiting, session)
  if (waiting.out) session.out.say(`Submitted ${spec.funcname} as ${process.processid}.`)
  else await session.out.show(submitted)
  return waitForProcess(process.processid, waiting, session)
}
