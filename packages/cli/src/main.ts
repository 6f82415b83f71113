import { processIo } from './io.js'
import { run } from './program.js'

/** The `colonies` command: does what its arguments say, and ends the process. */
export async function main(): Promise<void> {
  // Whoever read our output has seen enough, as in `colonies process ls | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const exitCode = await run(process.argv.slice(2), processIo())
  // Connections that are kept for the next request must not keep the command alive; its output has to be out, though.
  process.stdout.write('', () => process.exit(exitCode))
}
