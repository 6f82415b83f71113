import { testDatabase } from '@colonies/testkit'
import type { Stage } from '../scenario.js'

/** @returns the stage, and what ends all that was started on it */
export function openStage(say: (line: string) => void): { stage: Stage; close(): Promise<void> } {
  const cleanUps: (() => Promise<unknown>)[] = []
  const atEnd = (cleanUp: () => Promise<unknown>) => void cleanUps.push(cleanUp)
  const scope = { after: atEnd }
  return {
    stage: { scope, atEnd, say, database: () => testDatabase(scope) },
    async close() {
      for (const cleanUp of cleanUps.reverse()) await cleanUp()
    },
  }
}
