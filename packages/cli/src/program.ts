import { type Command, CommanderError, Option } from 'commander'
import { addVerbs, Group } from './command.js'
import { attributeCommands } from './commands/attribute.js'
import { blueprintCommands } from './commands/blueprint.js'
import { callCommand } from './commands/call.js'
import { channelCommands } from './commands/channel.js'
import { colonyCommands } from './commands/colony.js'
import { configCommands } from './commands/config.js'
import { cronCommands } from './commands/cron.js'
import { databaseCommands } from './commands/database.js'
import { devCommand } from './commands/dev.js'
import { executorCommands } from './commands/executor.js'
import { fsCommands } from './commands/fs.js'
import { functionCommands } from './commands/function.js'
import { generatorCommands } from './commands/generator.js'
import { keyCommands } from './commands/key.js'
import { locationCommands } from './commands/location.js'
import { logCommands } from './commands/log.js'
import { processCommands } from './commands/process.js'
import { profileCommands } from './commands/profile.js'
import { clusterCommands, serverCommands } from './commands/server.js'
import { storeCommands } from './commands/store.js'
import { userCommands } from './commands/user.js'
import { versionCommand } from './commands/version.js'
import { workflowCommands } from './commands/workflow.js'
import { ExitCode, exitCodeMeanings, exitCodeOf } from './exit-codes.js'
import type { Io } from './io.js'
import { type Format, formats, Output } from './output.js'
import { describeFailure } from './report-error.js'
import { Session } from './session.js'
import type { GlobalFlags } from './settings.js'
import { version } from './version.js'

const everything = [
  devCommand,
  functionCommands,
  processCommands,
  workflowCommands,
  cronCommands,
  generatorCommands,
  logCommands,
  attributeCommands,
  channelCommands,
  executorCommands,
  userCommands,
  locationCommands,
  blueprintCommands,
  fsCommands,
  storeCommands,
  colonyCommands,
  serverCommands,
  clusterCommands,
  databaseCommands,
  keyCommands,
  profileCommands,
  configCommands,
  callCommand,
  versionCommand,
]

/** Options of every command; they may stand anywhere. */
const globalOptions = [
  new Option('-o, --output <format>', 'how results are printed').choices([...formats]),
  new Option('--json', 'short for --output json'),
  new Option('--server <urls>', 'address of the server, or of several equal ones, as http://localhost:50080,...'),
  new Option('--host <name>', 'host of the server'),
  new Option('--port <number>', 'port of the server'),
  new Option('--insecure', 'plain http'),
  new Option('--tls', 'https'),
  new Option('--skip-tls-verify', 'accept any certificate'),
  new Option('--colony <name>', 'the colony'),
  new Option('--colonyname <name>').hideHelp(),
  new Option('--prvkey <key>', 'private key of a user or executor'),
  new Option('--colonyprvkey <key>', 'private key of the colony owner'),
  new Option('--serverprvkey <key>', 'private key of the server owner'),
  new Option('--profile <name>', 'profile to take settings from'),
  new Option('-v, --verbose').hideHelp(),
]

interface RootFlags extends GlobalFlags {
  output?: Format
  json?: boolean
  skipTlsVerify?: boolean
}

/**
 * Runs one command.
 *
 * @param argv what follows the name of the program
 * @returns its exit code; errors have been told
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let session: Session | undefined
  const root = buildProgram(io, (flags) => (session = beginSession(io, flags)))
  try {
    await root.parseAsync([...argv], { from: 'user' })
    return session?.exitCode ?? ExitCode.ok
  } catch (error) {
    // Help and version were asked for, and have been printed.
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok
    io.stderr.write(describeFailure(error, formatIn(argv), session))
    return exitCodeOf(error)
  }
}

function buildProgram(io: Io, begin: (flags: RootFlags) => Session): Command {
  const root = new Group('colonies')
    .description('Hand in work, watch it, and run the colonies that it happens in.')
    .version(version(), '-V, --version')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {}, // told by `run`, in the format that was asked for
    })
    .exitOverride()
    .addHelpText('after', helpEnd())
    // Summaries are broken into lines also beside long names.
    .configureHelp({ minWidthToWrap: 20 })
    .helpCommand(false)
  for (const option of globalOptions) root.addOption(option)
  addVerbs(root, everything, begin)
  inherit(root)
  return root
}

function helpEnd(): string {
  const codes = Object.entries(ExitCode).map(
    ([name, code]) => `  ${code}  ${exitCodeMeanings[name as keyof typeof ExitCode]}`,
  )
  return `
Each command has --help. Options beat variables (COLONIES_*), and these beat the
profile: colonies config view.

Exit codes:
${codes.join('\n')}`
}

/** What was set for the whole program; commander hands it on only to commands that it makes itself. */
function inherit(parent: Command): void {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent).helpCommand(false)
    if (child.commands.length > 0) inherit(child)
    // Verbs refuse what is too much themselves: they know what was meant.
    else child.allowExcessArguments().addHelpText('after', '\nOptions of every command: colonies --help')
  }
}

function beginSession(io: Io, flags: RootFlags): Session {
  // Node reads this when it opens a connection; there is no other way to tell its `fetch`.
  if (flags.skipTlsVerify) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  return new Session(io, new Output(io, flags.output ?? (flags.json ? 'json' : 'table')), flags)
}

/** For errors, which may come before anything is parsed. */
function formatIn(argv: readonly string[]): Format {
  const isJson = argv.some(
    (one, at) =>
      one === '--json' ||
      /^(-o=?|--output=)json$/.test(one) ||
      (/^(-o|--output)$/.test(one) && argv[at + 1] === 'json'),
  )
  return isJson ? 'json' : 'table'
}
