import { writeFileSync } from 'node:fs'
import { testDatabase } from '@colonies/testkit'
import { History } from '../history.js'
import type { Stage } from '../scenario.js'

export interface StageOptions {
  say(line: string): void
  /** Takes the history, one line of JSON for each record. */
  readonly historyFile?: string | undefined
}

/** @returns the stage, and what ends all that was started on it */
export function openStage({ say, historyFile }: StageOptions): { stage: Stage; close(): Promise<void> } {
  if (historyFile) writeFileSync(historyFile, '')
  const cleanUps: (() => Promise<unknown>)[] = []
  const atEnd = (cleanUp: () => Promise<unknown>) => void cleanUps.push(cleanUp)
  const scope = { after: atEnd }
  return {
    stage: { scope, atEnd, say, database: () => testDatabase(scope), history: () => new History(historyFile) },
    async close() {
      for (const cleanUp of cleanUps.reverse()) await cleanUp()
    },
  }
}
