import { Command, type ErrorOptions, Option as Flag, InvalidArgumentError } from 'commander'
import { ExitCode, UsageError } from './exit-codes.js'
import type { Session } from './session.js'
import type { GlobalFlags } from './settings.js'
import type { View } from './view.js'

/** One option of a verb. Its name on the command line is that of its key, with dashes. */
export interface Option<Value> {
  readonly summary: string
  /** `<text>` and the like; undefined for those that are there or not. */
  readonly argument: string | undefined
  /** One letter. */
  readonly short: string | undefined
  readonly hidden: boolean
  readonly required: boolean
  readonly otherwise: Value
  read(text: string, before: Value): Value
}

interface Extras {
  short?: string
  /** Understood, but not in the help. */
  hidden?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: a table of options of all types; `Values` gives each its own again
export type Options = Readonly<Record<string, Option<any>>>
export type Values<Given extends Options> = {
  [Name in keyof Given]: Given[Name] extends Option<infer Value> ? Value : never
}

/** Empty when left out, which on the wire means the same. */
export const text = (summary: string, extras: Extras = {}): Option<string> =>
  option({ summary, ...extras, argument: '<text>', otherwise: '', read: (given) => given })

/** A text without which the verb makes no sense. */
export const needed = (summary: string, extras: Extras = {}): Option<string> =>
  option({ summary, ...extras, argument: '<text>', required: true, otherwise: '', read: (given) => given })

export const flag = (summary: string, extras: Extras = {}): Option<boolean> =>
  option({ summary, ...extras, argument: undefined, otherwise: false, read: () => true })

/** May be repeated; each as it was given. */
export const texts = (summary: string, extras: Extras = {}): Option<readonly string[]> =>
  option<readonly string[]>({
    summary,
    ...extras,
    argument: '<text>',
    otherwise: [],
    read: (given, before) => [...before, given],
  })

export const choice = <const Choice extends string>(
  summary: string,
  choices: readonly Choice[],
  extras: Extras = {},
): Option<Choice | undefined> =>
  option({
    summary: `${summary}: ${choices.join(', ')}`,
    ...extras,
    argument: '<name>',
    otherwise: undefined,
    read(given) {
      const found = choices.find((one) => one === given)
      if (found === undefined) throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`)
      return found
    },
  })

/** Any number from -max to max; 0 when left out. */
export const number = (summary: string, max: number): Option<number> =>
  option({
    summary,
    argument: '<number>',
    otherwise: 0,
    read(given) {
      const value = given.trim() === '' ? Number.NaN : Number(given)
      if (!(Math.abs(value) <= max)) throw new InvalidArgumentError(`It must be a number from -${max} to ${max}.`)
      return value
    },
  })

interface Bounds<Otherwise> extends Extras {
  min: number
  max: number
  otherwise: Otherwise
}

export function integer(summary: string, bounds: Bounds<number>): Option<number>
export function integer(summary: string, bounds: Omit<Bounds<never>, 'otherwise'>): Option<number | undefined>
export function integer(
  summary: string,
  { min, max, otherwise, ...extras }: Omit<Bounds<number>, 'otherwise'> & { otherwise?: number },
): Option<number | undefined> {
  return option<number | undefined>({
    summary: otherwise === undefined ? summary : `${summary} (${otherwise} when left out)`,
    ...extras,
    argument: '<number>',
    otherwise,
    read(given) {
      const number = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN
      if (number >= min && number <= max) return number
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    },
  })
}

type OptionParts<Value> = Pick<Option<Value>, 'summary' | 'argument' | 'otherwise' | 'read'> &
  Extras & { required?: boolean }

function option<Value>({ short, hidden = false, required = false, ...parts }: OptionParts<Value>): Option<Value> {
  return { ...parts, short, hidden, required }
}

/** A verb, or a noun with its verbs, ready to become part of a program. */
export interface Verb {
  readonly hidden: boolean
  command(begin: BeginSession): Command
}

/** Called with the flags of a command when it is about to run. */
export type BeginSession = (flags: GlobalFlags) => Session

interface Definition<Given extends Options> {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** Understood, but not in the help: spellings of the original. */
  readonly hidden?: boolean
  /** Names of options that may be given without their names, in this order. */
  readonly positional?: readonly (keyof Given & string)[]
  readonly options?: Given
  /** Whole command lines, for the help. */
  readonly examples?: readonly string[]
  /** What to do instead, for who gives an option that it does not have, or more values without names than it has places. */
  readonly surplus?: string
  /** @returns what to show, if anything */
  run(values: Values<Given>, session: Session): Promise<View | undefined> | View | undefined
}

/** A verb of the command line, told by its data: what it may be given, and what it does with it. */
export function verb<const Given extends Options>(definition: Definition<Given>): Verb {
  return { hidden: definition.hidden ?? false, command: (begin) => commandOf(definition, begin) }
}

function commandOf<Given extends Options>(definition: Definition<Given>, begin: BeginSession): Command {
  const { name, aliases = [], summary, positional = [], options = {} as Given, examples = [] } = definition
  const command = new VerbCommand(name, definition.surplus).description(summary).aliases([...aliases])
  if (examples.length > 0) command.addHelpText('after', ['\nExamples:', ...examples].join('\n  '))

  for (const key of positional) command.argument(`[${key}]`, options[key]?.summary)
  for (const [key, given] of Object.entries(options)) command.addOption(flagOf(key, given))
  return command.action(async (...received: unknown[]) => {
    refuseSurplus(command, definition)
    const given = command.opts<Record<string, unknown>>()
    const unnamed = positional.flatMap((key, index) =>
      received[index] === undefined ? [] : [[key, received[index]] as const],
    )
    const values = Object.fromEntries(
      Object.entries(options).map(([key, { otherwise }]) => [key, given[key] ?? otherwise]),
    )
    for (const [key, value] of unnamed) values[key] = readUnnamed(key, String(value), { command, options, given })
    refuseMissing(values, { command, options, positional })
    const session = begin(command.optsWithGlobals())
    session.listing = listingOf(command)
    const view = await definition.run(values as Values<Given>, session)
    if (!view) return
    await session.out.show(view)
    session.exitCode = view.exitCode ?? ExitCode.ok
  })
}

/** Tells with an unknown option what to do instead. */
class VerbCommand extends Command {
  readonly #surplus: string | undefined

  constructor(name: string, surplus: string | undefined) {
    super(name)
    this.#surplus = surplus
  }

  override error(message: string, options?: ErrorOptions): never {
    // What commander suggests, in brackets, is closer to what was meant.
    const hint = options?.code === 'commander.unknownOption' && !message.endsWith(')') && this.#surplus
    return super.error(hint ? `${message}. ${hint}` : message, options)
  }
}

interface Reading {
  command: Command
  options: Options
  given?: Record<string, unknown>
  positional?: readonly string[]
}

function readUnnamed(key: string, value: string, { command, options, given = {} }: Reading): unknown {
  if (given[key] !== undefined)
    throw new UsageError(`In \`${pathOf(command)}\`, ${key} is given twice, as "${value}" and with ${longName(key)}.`)
  try {
    return options[key]?.read(value, options[key]?.otherwise)
  } catch (error) {
    throw new UsageError(`In \`${pathOf(command)}\`, "${value}" is no ${key}. ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function refuseSurplus<Given extends Options>(command: Command, { positional = [], surplus }: Definition<Given>): void {
  const tooMany = command.args[positional.length]
  if (tooMany === undefined) return
  const hint = surplus ?? `\`${pathOf(command)} --help\` tells what it takes.`
  throw new UsageError(`\`${pathOf(command)}\` cannot use "${tooMany}". ${hint}`)
}

function refuseMissing(values: Record<string, unknown>, { command, options, positional = [] }: Reading): void {
  const missing = Object.entries(options).find(([key, { required }]) => required && values[key] === '')
  if (!missing) return
  const [key, { summary }] = missing
  const ways = positional.includes(key) ? `behind the command, or with ${longName(key)}` : `with ${longName(key)}`
  throw new UsageError(`\`${pathOf(command)}\` needs the ${summary}: give it ${ways}.`)
}

function flagOf(key: string, { summary, argument, short, hidden, read, otherwise }: Option<unknown>): Flag {
  const names = `${short ? `-${short}, ` : ''}${longName(key)}${argument ? ` ${argument}` : ''}`
  const made = new Flag(names, summary).hideHelp(hidden)
  return argument ? made.argParser((given, before) => read(given, before ?? otherwise)) : made
}

/** An option as it is written on the command line. */
export function longName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The words that lead to a command. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Verbs that take names of what is not there yet: another thing is missing when something is. */
const makers = ['add', 'append', 'create', 'exec', 'put', 'submit', 'sync']

/** @returns the command that lists what this one was to find, if there is one */
function listingOf(command: Command): string | undefined {
  const list = command.parent?.commands.find((other) => other.name() === 'ls')
  if (!list || list === command || makers.includes(command.name())) return undefined
  // Lists of one process do not help when it is the process that is not there.
  return list.registeredArguments.some((argument) => argument.name() === 'processid') ? undefined : pathOf(list)
}

/** A command that only has others below it; alone it shows its help, which is no error. */
export class Group extends Command {
  override help(): never {
    super.help({ error: false })
  }
}

/** All verbs of one kind of thing. */
export function noun(
  name: string,
  summary: string,
  verbs: readonly Verb[],
  extras: { alias?: string; hidden?: boolean } = {},
): Verb {
  return {
    hidden: extras.hidden ?? false,
    command(begin) {
      const group = new Group(name).description(summary)
      if (extras.alias) group.alias(extras.alias)
      addVerbs(group, verbs, begin)
      return group
    },
  }
}

export function addVerbs(group: Command, verbs: readonly Verb[], begin: BeginSession): void {
  for (const { hidden, command } of verbs) group.addCommand(command(begin), { hidden })
}
