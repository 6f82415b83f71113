import { randomBytes } from 'node:crypto'
import type { FunctionSpec } from '@colonies/protocol'
import { UsageError } from './exit-codes.js'
import type { Session } from './session.js'

/**
 * Takes a snapshot for each entry of `fs.snapshots` that has none, so that the process gets the files as they are now.
 * Should one fail, those that were taken are removed again.
 *
 * @throws UsageError when there is nothing to take snapshots of
 */
export async function withSnapshots(spec: FunctionSpec, { member, colonyname }: Session): Promise<FunctionSpec> {
  const wanted = spec.fs?.snapshots ?? []
  if (wanted.length === 0) throw new UsageError('--snapshot needs entries in fs.snapshots, each with label and dir.')
  const missing = wanted.findIndex(({ label, snapshotid }) => !label && !snapshotid)
  if (missing >= 0) throw new UsageError(`fs.snapshots[${missing}].label is empty: a snapshot is taken of a label.`)
  const taken: string[] = []
  try {
    const snapshots = []
    for (const entry of wanted) {
      if (entry.snapshotid) {
        snapshots.push(entry)
        continue
      }
      const name = randomBytes(32).toString('hex')
      const { snapshotid } = await member.createSnapshot({ colonyname, label: entry.label ?? '', name })
      taken.push(snapshotid)
      snapshots.push({ ...entry, snapshotid })
    }
    return { ...spec, fs: { ...spec.fs, snapshots } }
  } catch (error) {
    for (const snapshotid of taken) await member.removeSnapshot({ colonyname, snapshotid }).catch(() => {}) // the first failure tells more
    throw error
  }
}
