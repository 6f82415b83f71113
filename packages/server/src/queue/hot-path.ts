import {
  type AddedFile,
  addFiles,
  type Claimed,
  type Close,
  type ColonyKey,
  type Db,
  type Failure,
  type FileRow,
  giveBack,
  insertLogs,
  insertPacks,
  insertProcesses,
  type LogLine,
  type NewAttribute,
  type NewProcess,
  type Pack,
  type PackOutcome,
  type ReadyLine,
  readyLines,
  type Submitted,
  typesWithReady,
} from '@colonies/database'
import { limits } from '@colonies/protocol'
import { colonyByColony } from '../colony-by-colony.js'
import type { Log } from '../log.js'
import { whyNotStored } from '../submission/why-not-stored.js'
import { Batcher, BYTES_MAX, WAITING_MAX } from './batcher.js'
import { closeBatchers } from './close-batchers.js'
import { GiveBacks } from './give-backs.js'
import type { Reservation, Waiter } from './waiting-line.js'
import { WaitingRoom } from './waiting-room.js'

export interface Submission {
  process: NewProcess
  attributes: readonly NewAttribute[]
}

export interface HotPathOptions {
  db: Db
  log: Log
  /** Tells other replicas what is ready and has no waiter here. */
  tellOthers(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** Events were written: subscribers may be served. */
  changed(colony: ColonyKey): void
  /** No other replica is known. */
  isAlone(): boolean
  /** A generator has enough arguments for a graph. */
  generatorsDue(): void
}

/**
 * Of submits, and of packs: as many are read while PostgreSQL stores as many. By turns, with 64 connections: submits 5 610 -> 6 700/s,
 * packs 5 530 -> 6 860/s; with 24 6 500 and 5 710/s.
 */
const ENOUGH_CALLS = 16

/** Submit, assign and close of one replica: everything whose rate matters goes through batches here. */
export interface HotPath {
  /** @param calls 0 for all but one of a call that has many; 1 when left out */
  submit(colony: ColonyKey, submission: Submission, calls?: number): Promise<Submitted>
  /** @returns false when the process is not running, or not held by who closes it */
  closeSuccessful(colony: ColonyKey, close: Close): Promise<boolean>
  closeFailed(colony: ColonyKey, failure: Failure): Promise<boolean>
  /** @returns false when the line is about a process that its writer does not hold */
  addLog(colony: ColonyKey, log: LogLine): Promise<boolean>
  /** @returns undefined when the newest revision is another one than its caller thinks */
  addFile(colony: ColonyKey, added: AddedFile): Promise<FileRow | undefined>
  /** Puts arguments into the queue of a generator. */
  pack(colony: ColonyKey, pack: Pack): Promise<PackOutcome>
  /** @returns what sends the waiter away again */
  wait(waiter: Waiter): () => void
  /** Puts processes back into the queue whose executor never got them. */
  giveBack(colony: ColonyKey, processes: readonly Claimed[]): void
  /** Something became ready: wakes waiters here, tells the others about the rest. */
  hint(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** Another replica says so. */
  hintFromOthers(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** The poll that makes up for lost hints. */
  recheckIdle(): Promise<void>
  /** Executors that wait, and claims made for them. */
  readonly room: Pick<WaitingRoom, 'size' | 'claims'>
  /** Calls in batches, of all kinds: those that wait and those that are being stored. */
  queued(): number
  /** Sends all waiters away, and resolves when all that was begun is stored. */
  close(): Promise<void>
  /** Resolves when nothing is being stored, nor given back: after `close`, replies that could not be sent still do that. */
  drained(): Promise<void>
}

export function createHotPath({ db, log, tellOthers, changed, isAlone, generatorsDue }: HotPathOptions): HotPath {
  const returns = new Batcher<Claimed, boolean>({
    async flush(colony, items) {
      const held = items.map((p) => ({ processId: p.process_id, holder: p.holder ?? '', attempt: p.attempt }))
      const { released, ready } = await giveBack(db, colony, held)
      hint(colony, ready)
      changed(colony)
      return items.map((item) => released.has(item.process_id))
    },
    itemsMax: 1000,
    flushesMax: 1,
    bytesOf: () => 200,
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })

  const giveBacks = new GiveBacks({ store: (colony, process) => returns.add(colony, process), log })
  const giveBackSoon = (colony: ColonyKey, processes: readonly Claimed[]) => giveBacks.add(colony, processes)

  /** No executor could be given all of its input, now or later. Should the database be away, it waits for a next claim. */
  async function failUnfit(colony: ColonyKey, process: Claimed): Promise<void> {
    const { process_id: processId, holder, attempt } = process
    const sentence = `The outputs of its parents have more than ${limits.inputBytesMax} bytes together: put out less, or files`
    const failure = { processId, holder: holder ?? '', attempt, errors: [sentence] }
    await closes.failed(colony, failure).catch(() => giveBackSoon(colony, [process]))
  }
  const room = new WaitingRoom({ db, log, changed, tellOthers, isAlone, giveBack: giveBackSoon, failUnfit })

  function hint(colony: ColonyKey, ready: readonly ReadyLine[]): void {
    const rest: ReadyLine[] = []
    for (const line of ready) {
      const count = room.hint(colony, line)
      if (count > 0) rest.push({ ...line, count })
    }
    if (rest.length > 0) tellOthers(colony, rest)
  }

  const submits = new Batcher<Submission, Submitted>({
    flush: (colony, items) => storeSubmissions({ db, room, hint, changed }, colony, items),
    itemsMax: 500,
    flushesMax: 2,
    enoughCalls: ENOUGH_CALLS,
    bytesOf: ({ process }) => process.spec.length + process.env.length + 500,
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })

  const closes = closeBatchers({ db, hint, changed, isAlone })
  const logs = logBatcher(db)
  const files = fileBatcher(db)
  const packs = packBatcher(db, generatorsDue)
  const batchers = [submits, ...closes.batchers, returns, logs, files, packs]
  const inEachIdle = colonyByColony('the idle poll', log)
  async function drained(): Promise<void> {
    await giveBacks.drained()
    await Promise.all(batchers.map((batcher) => batcher.drained()))
  }

  return {
    submit: (colony, submission, calls) => submits.add(colony, submission, calls),
    closeSuccessful: closes.successful,
    closeFailed: closes.failed,
    addLog: (colony, line) => logs.add(colony, line),
    addFile: (colony, added) => files.add(colony, added),
    pack: (colony, pack) => packs.add(colony, pack),
    wait: (waiter) => room.enter(waiter),
    giveBack: giveBackSoon,
    hint,
    hintFromOthers(colony, ready) {
      for (const line of ready) room.hintFromOthers(colony, line)
    },
    async recheckIdle() {
      await inEachIdle(room.idleLines(), async (colony, types) => {
        for (const type of await typesWithReady(db, colony, types)) room.recheck(colony, type)
      })
      room.recheckDoubts() // the database answers again
    },
    room,
    queued: () => batchers.reduce((sum, batcher) => sum + batcher.waiting, 0),
    async close() {
      room.close()
      giveBacks.stop()
      await drained()
    },
    drained,
  }
}

function logBatcher(db: Db): Batcher<LogLine, boolean> {
  return new Batcher({
    async flush(colony, items) {
      const added = await insertLogs(db, colony, items)
      return items.map((_, place) => added.has(place))
    },
    itemsMax: 1000,
    // Batches of a colony wait for each other in the database: a second one under way would only take a connection.
    flushesMax: 1,
    bytesOf: ({ message }) => message.length + 200,
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })
}

/** Revisions of files. Two flushes of one colony would wait for each other, so there is one. */
function fileBatcher(db: Db): Batcher<AddedFile, FileRow | undefined> {
  return new Batcher({
    flush: (colony, items) => addFiles(db, colony, items),
    itemsMax: 500,
    flushesMax: 1,
    bytesOf: ({ file }) => file.label.length + file.name.length + 1000,
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })
}

/** Arguments of generators. A second flush would wait for the rows that the first has locked, so there is one. */
function packBatcher(db: Db, generatorsDue: () => void): Batcher<Pack, PackOutcome> {
  const queueBounds = { argsMax: limits.generatorQueueMax, bytesMax: limits.generatorQueueBytesMax }
  return new Batcher({
    async flush(colony, items) {
      const { outcomes, due } = await insertPacks(db, colony, items, queueBounds)
      if (due) generatorsDue()
      return outcomes
    },
    itemsMax: 1000,
    flushesMax: 1,
    enoughCalls: ENOUGH_CALLS,
    bytesOf: ({ args }) => args.reduce((sum, arg) => sum + arg.length, 200),
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })
}

interface SubmitParts {
  db: Db
  room: WaitingRoom
  hint(colony: ColonyKey, ready: readonly ReadyLine[]): void
  changed(colony: ColonyKey): void
}

async function storeSubmissions(
  { db, room, hint, changed }: SubmitParts,
  colony: ColonyKey,
  items: readonly Submission[],
): Promise<(Submitted | Error)[]> {
  const reservations = items.map(({ process }) => room.reserve(colony, process))
  const processes = items.map(({ process }, place) => withHolder(process, reservations[place]))
  let rows: Submitted[]
  try {
    rows = await insertProcesses(
      db,
      colony,
      processes,
      items.flatMap((item) => item.attributes),
    )
  } catch (error) {
    for (const reservation of reservations) reservation?.free(error)
    throw error
  }
  const outcomes: (Submitted | Error)[] = []
  const ready: ReadyLine[] = []
  for (const row of rows) {
    outcomes[row.place] = row
    const process = processes[row.place] as NewProcess
    if (!row.fresh) continue
    if (row.state === 1) reservations[row.place]?.hand(claimedFrom(process, row))
    else ready.push({ executorType: process.executorType, count: 1, from: row.priority_time })
  }
  if (rows.length < items.length) {
    // Never thrown: what was stored would be stored again.
    const why = await whyNotStored(db, colony).catch((error: Error) => error)
    for (const place of items.keys()) outcomes[place] ??= why
  }
  reservations.forEach((reservation, place) => {
    const outcome = outcomes[place]
    if (outcome instanceof Error || !outcome?.fresh || outcome.state !== 1) reservation?.free()
  })
  changed(colony)
  hint(colony, readyLines(ready))
  return outcomes
}

function withHolder(process: NewProcess, reservation: Reservation | undefined): NewProcess {
  if (!reservation) return process
  const { executorId, executorName, assignId } = reservation
  return { ...process, holder: { id: executorId, name: executorName, assignId } }
}

/** The row that a claim would have given: all of it is known from the submission. */
export function claimedFrom(process: NewProcess, row: Submitted): Claimed {
  return {
    place: 0,
    process_id: row.process_id,
    initiator_id: process.initiatorId,
    initiator_name: process.initiatorName,
    holder: row.state === 1 ? (process.holder?.id ?? null) : null,
    state: row.state,
    priority_time: row.priority_time,
    submitted_at: row.submitted_at,
    started_at: row.started_at,
    ended_at: null,
    wait_deadline: row.wait_deadline,
    exec_deadline: row.exec_deadline,
    retries: 0,
    attempt: row.state === 1 ? 1 : 0,
    spec: process.spec,
    env: process.env,
    channels: process.channels,
    open_parents: 0,
    graph_id: null,
    parents: null,
    children: null,
    input: null,
    inputs: null,
    output: null,
    errors: null,
    again: false,
    named: process.names !== null,
    more: false,
    varied: false,
    isNamed: false,
    inGraphs: false,
    hasAttributes: false,
  }
}
