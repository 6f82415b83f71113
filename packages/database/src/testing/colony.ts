import { addColonyRows, plainProcess } from '@colonies/testkit'
import type { Db } from '../db.js'
import type { NewProcess } from '../submissions.js'

export { anyShape, claimant, UNLIMITED } from '@colonies/testkit'

/** Rows for tests of statements: one colony with approved executors, and processes with nothing special about them. */
export interface TestColony {
  key: number
  process(changes?: Partial<NewProcess>): NewProcess
}

export async function testColony(db: Db, name: string, executors: readonly string[]): Promise<TestColony> {
  return { key: await addColonyRows(db, name, executors), process: plainProcess }
}
