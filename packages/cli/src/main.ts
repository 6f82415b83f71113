import { ExitCode } from './exit-codes.js'
import { type Io, processIo } from './io.js'
import { run } from './program.js'

/** The `colonies` command: does what its arguments say, and ends the process. */
export async function main(): Promise<void> {
  let lastWords: (() => string) | undefined
  const onUnread: Io['onUnread'] = (words) => {
    lastWords = words
  }
  process.stdout.on('error', (error) => endUnread(error, lastWords))
  const exitCode = await run(process.argv.slice(2), { ...processIo(), onUnread })
  // Connections that are kept for the next request must not keep the command alive; its output has to be out, though.
  process.stdout.write('', (error) => {
    if (error && exitCode === ExitCode.ok) endUnread(error, lastWords)
    process.exit(exitCode)
  })
}

/** Ends the process when its output goes nowhere. */
function endUnread(error: NodeJS.ErrnoException, lastWords: (() => string) | undefined): never {
  const isClosed = error.code === 'EPIPE'
  // Whoever read it has seen enough, as in `colonies process ls | head -1`.
  if (isClosed && !lastWords) process.exit(ExitCode.ok)
  const reason = isClosed ? 'Nobody reads the output any more.' : `The output cannot be written: ${error.message}.`
  process.stderr.write(`${lastWords ? `${reason} ${lastWords()}` : reason}\n`)
  process.exit(ExitCode.failure)
}
