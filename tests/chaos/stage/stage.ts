import { writeFileSync } from 'node:fs'
import { testDatabase } from '@colonies/testkit'
import { History } from '../history.js'
import type { Stage } from '../scenario.js'

export interface StageOptions {
  say(line: string): void
  /** Takes the history, one line of JSON for each record. */
  readonly historyFile?: string | undefined
}

export interface OpenStage {
  readonly stage: Stage
  /**
   * Ends all that was started on it, once; the second call waits for the first.
   *
   * @throws AggregateError with all that went wrong, and with what had ended before by itself
   */
  close(): Promise<void>
}

const signals = ['SIGINT', 'SIGTERM'] as const

/** @returns a stage that is also closed when somebody ends this process early: no replicas are left behind */
export function openStage({ say, historyFile }: StageOptions): OpenStage {
  if (historyFile) writeFileSync(historyFile, '')
  const cleanUps: (() => Promise<unknown>)[] = []
  const atEnd = (cleanUp: () => Promise<unknown>) => void cleanUps.push(cleanUp)
  const scope = { after: atEnd }
  let closing: Promise<void> | undefined
  const close = () => (closing ??= runAll(cleanUps).finally(() => signals.map((signal) => process.off(signal, end))))
  const end = (signal: NodeJS.Signals) =>
    void close()
      .catch((error: Error) => say(error.message))
      .finally(() => process.kill(process.pid, signal))
  for (const signal of signals) process.once(signal, end)
  return {
    stage: { scope, atEnd, say, database: () => testDatabase(scope), history: () => new History(historyFile) },
    close,
  }
}

/** The latest first. One that fails does not keep the others from their turn. */
async function runAll(cleanUps: (() => Promise<unknown>)[]): Promise<void> {
  const errors: Error[] = []
  for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) {
    await cleanUp().catch((error: unknown) => errors.push(error instanceof Error ? error : new Error(String(error))))
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'))
}
