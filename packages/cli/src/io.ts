import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'

/** Where text goes. */
export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined
}

/** Everything outside of the program that commands touch, so that tests can give something else. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** For results only. */
  readonly stdout: Sink
  /** For everything else. */
  readonly stderr: Sink
  /** Where profiles are kept. */
  readonly profilesFile: string
  /** Standard input as text, in pieces. */
  openInput(): AsyncIterable<string> | Iterable<string>
  /**
   * Says what to tell when standard output goes nowhere any more, which is a failure then. Without this, or with undefined,
   * whoever read it has seen enough, as in `colonies process ls | head -1`.
   */
  onUnread?(lastWords: (() => string) | undefined): void
  /** Asks at the terminal. @returns undefined when there is none to ask at */
  ask(question: string): Promise<string | undefined>
}

export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process
  return {
    env,
    stdout,
    stderr,
    profilesFile: join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'colonies', 'profiles.yaml'),
    openInput: () => stdin.setEncoding('utf8'),
    async ask(question) {
      if (!stdin.isTTY) return undefined
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
  }
}
