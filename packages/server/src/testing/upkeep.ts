import {
  appendEntries,
  type Claimed,
  type ColonyKey,
  claimProcesses,
  type Db,
  insertProcesses,
  type NewProcess,
  openChannel,
  type ReadyLine,
  readStandings,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { addColonyRows, anyShape, claimant, plainProcess } from '@colonies/testkit'
import type { LoopContext } from '../background/loop.js'
import { createChannelAppends } from '../channels/channel-appends.js'
import { Members } from '../cluster/members.js'
import { type Config, configFrom, type Environment } from '../config.js'
import { EndedTexts } from '../ended-texts.js'
import { createLog } from '../log.js'
import { createHotPath } from '../queue/hot-path.js'

/** A colony with approved executors, and what loops do to it. */
export interface UpkeepColony {
  key: ColonyKey
  name: string
  /** Stores one process with nothing special about it. @returns its id */
  submit(changes?: Partial<NewProcess>): Promise<string>
  /** The next process goes to this executor. */
  assign(executor: string, assignId?: string): Promise<Claimed | undefined>
  /** undefined: there is no such process. */
  stateOf(processId: string): Promise<number | undefined>
}

export async function upkeepColony(db: Db, name: string, executors: readonly string[] = []): Promise<UpkeepColony> {
  const key = await addColonyRows(db, name, executors)
  return {
    key,
    name,
    async submit(changes) {
      const process = plainProcess(changes)
      await insertProcesses(db, key, [process], [])
      return process.processId
    },
    async assign(executor, assignId) {
      const [row] = await claimProcesses(db, key, anyShape, [claimant(executor, assignId)])
      return row
    },
    async stateOf(processId) {
      const [standing] = await readStandings(db, key, [processId])
      return standing?.state
    },
  }
}

/** Appends a message to a channel of a process, as its submitter. @returns whether it was stored */
export async function say(db: Db, colony: ColonyKey, processId: string, text: string): Promise<boolean> {
  const entry = { processId, name: 'chat', sender: 'user-id', attempt: 0, sequence: 1n, inReplyTo: 0n, type: 'data' }
  const payload = { payload: Buffer.from(text).toString('base64'), bytes: Buffer.byteLength(text), requestId: '' }
  await openChannel(db, colony, entry)
  return (await appendEntries(db, colony, [{ ...entry, ...payload }])).outcomes[0] === 'stored'
}

/** A context for `runOnce`, and what loops told others. */
export interface UpkeepContext extends LoopContext {
  hinted: [ColonyKey, ReadyLine][]
  changed: ColonyKey[]
  directoryChanges: number
  lines: string[]
}

/** What executors were told of, without the times. */
export function hintedCounts({ hinted }: UpkeepContext): [ColonyKey, string, number][] {
  return hinted.map(([colony, { executorType, count }]) => [colony, executorType, count])
}

export function upkeepContext(db: Db, env: Environment = {}): UpkeepContext {
  const lines: string[] = []
  const log = createLog({ level: 'info', write: (line) => lines.push(line) })
  const config: Config = configFrom(env)
  const members = new Members({ replica_id: newId(), name: 'test', host: 'localhost', port: 0, knows: 9 })
  const hotPath = createHotPath({ db, log, tellOthers() {}, changed() {}, isAlone: () => true, generatorsDue() {} })
  const context: UpkeepContext = {
    db,
    log,
    lines,
    hinted: [],
    changed: [],
    directoryChanges: 0,
    signal: new AbortController().signal,
    replica: {
      config,
      id: members.id,
      port: 0,
      hotPath,
      channels: createChannelAppends({ db, appended() {}, hint() {} }),
      endedTexts: new EndedTexts(),
      members,
      store: undefined,
      changed: (colony) => void context.changed.push(colony),
      hint: (colony, ready) => void context.hinted.push(...ready.map((line): [ColonyKey, ReadyLine] => [colony, line])),
      directoryChanged: () => void context.directoryChanges++,
      lastHeard: () => undefined,
    },
  }
  return context
}
