import { withTwoFiles } from './files.js'
import { after, oneExecutor, type Scenario } from './steps.js'

const withSnapshot: Scenario = async (world, one) => {
  await withTwoFiles(world, one)
  const { snapshotid } = await world.replay('createsnapshotmsg', 'create snapshot')
  return { fields: { snapshotid: String(snapshotid) } }
}

export const snapshotScenarios: Record<string, Scenario> = {
  createsnapshotmsg: withTwoFiles,
  'createsnapshotmsg: create snapshot with a name in use': withSnapshot,
  getsnapshotmsg: withSnapshot,
  getsnapshotsmsg: after(withSnapshot, 'createsnapshotmsg', 'create snapshot of an empty label'),
  'getsnapshotsmsg: list snapshots when there are none': oneExecutor,
  removesnapshotmsg: withSnapshot,
  removeallsnapshotmsg: withSnapshot,
}
