import type * as database from '@colonies/database'
import type { Database, Db } from '@colonies/database'
import { type Micros, Tables } from './tables.js'

type Api = typeof database
/** Functions of the database package that are one statement, or one transaction. */
export type StatementName = {
  [Name in keyof Api]: Api[Name] extends (db: Db, ...args: never[]) => Promise<unknown> ? Name : never
}[keyof Api]
type Args<Name extends StatementName> = Api[Name] extends (db: Db, ...args: infer Rest) => unknown ? Rest : never
type Result<Name extends StatementName> = Awaited<ReturnType<Api[Name]>>

/** What a statement may use while it runs. */
export interface Transaction {
  readonly tables: Tables
  /** `now()`: when the transaction began. */
  readonly now: Micros
  readonly xact: number
  /** `pg_snapshot_xmin`: all transactions below have ended. */
  readonly horizon: number
  /** Rows that are locked for it; what it skipped is not among them. */
  readonly locked: ReadonlySet<string>
  /** What it decided when it took its locks. */
  readonly plan: unknown
}

/** Which rows a statement locks before it changes anything. */
export interface Locks {
  /** It waits until nobody else has them. */
  waits?: readonly string[]
  /** `for update skip locked`: chosen among the free ones. */
  skips?: readonly string[]
  /** What it read and decided with its locks; others may have committed since when it commits. */
  plan?: unknown
  /** Whether it goes by this plan also when it has to wait; otherwise it looks again. */
  isSettled?: boolean
}

type Chooser<Name extends StatementName> = (
  context: { tables: Tables; now: Micros; isFree(row: string): boolean },
  ...args: Args<Name>
) => Locks

interface Parts<Name extends StatementName> {
  /** Nothing when left out: statements that only read, or whose row nobody else waits for. */
  locks?: Chooser<Name>
  /** All that the statement does, at its commit. */
  apply(tx: Transaction, ...args: Args<Name>): Result<Name>
}

/** One statement with its arguments, on its way to the database. */
export interface Run {
  readonly name: StatementName
  readonly args: readonly unknown[]
}

/** Who runs statements: at once, or some time later in a simulated world. */
export interface Engine {
  execute(run: Run): Promise<unknown>
  /** A statement came of which there is no model: what follows would be no history of the product. */
  unknown(text: string): void
}

const engines = new WeakMap<object, Engine>()
const statements = new Map<StatementName, Parts<StatementName>>()

/** Makes a statement of the model: a function of the same name, parameters and result as the real one. */
export function statement<Name extends StatementName>(name: Name, parts: Parts<Name>): Api[Name] {
  statements.set(name, parts as unknown as Parts<StatementName>)
  const send = (db: Db, ...args: readonly unknown[]) => engineOf(db).execute({ name, args })
  return send as Api[Name]
}

/** All statements of which there is a model. */
export const statementNames = (): StatementName[] => [...statements.keys()]

/** Puts other parts in the place of a statement: how faults are planted. @returns puts it back */
export function replaceStatement<Name extends StatementName>(
  name: Name,
  change: (parts: Parts<Name>) => Parts<Name>,
): () => void {
  const original = statements.get(name)
  if (!original) throw new Error(`The model has no statement ${name}.`)
  statements.set(name, change(original as unknown as Parts<Name>) as unknown as Parts<StatementName>)
  return () => void statements.set(name, original)
}

function engineOf(db: Db): Engine {
  const engine = engines.get(db)
  if (!engine) throw new Error('This is not a database of the model.')
  return engine
}

/** A `Database` whose statements an engine runs. One that was not modelled fails loudly. */
export function databaseOf(engine: Engine): Database {
  const refuse = async (parts: { statement?: { text: string } }): Promise<never> => {
    const text = parts.statement?.text ?? 'a transaction'
    engine.unknown(text)
    throw new Error(`This statement is not modelled: ${text}`)
  }
  const db: Database = {
    failures: { connection: 0, serialization: 0, disk_full: 0, timeout: 0, other: 0 },
    silentMs: 0,
    all: refuse,
    one: refuse,
    run: refuse,
    transaction: async () => refuse({}),
    oneByOne: async () => refuse({}),
    close: async () => {},
  }
  engines.set(db, engine)
  return db
}

/** A statement on its way through the database. */
export interface Attempt {
  /** Takes the locks. @returns false when it has to wait for a row of another one: to be tried again when that has ended */
  start(): boolean
  /** Makes all changes at once, visible to all. @returns what the statement answers */
  commit(): unknown
  rollback(): void
}

/**
 * The rows, and who has locked which of them. A transaction takes its locks when it starts and changes everything when it
 * commits, however much later; in between others run beside it. One that has to wait keeps what it chose by `skip locked`,
 * and looks again at all else: as a statement of PostgreSQL that starts over with the newest rows.
 */
export class ModelDatabase {
  readonly tables = new Tables()
  readonly #locks = new Set<string>()
  readonly #open = new Set<number>()
  readonly #clock: () => Micros
  #lastNow: Micros = 0
  #lastXact = 100

  /** @param clock Unix time in microseconds; two transactions never begin at the same one */
  constructor(clock: () => Micros) {
    this.#clock = clock
  }

  /** When the latest transaction began, or later. */
  get now(): Micros {
    return Math.max(Math.floor(this.#clock()), this.#lastNow)
  }

  begin({ name, args }: Run): Attempt {
    const parts = statements.get(name)
    if (!parts) throw new Error(`The model has no statement ${name}.`)
    const now = this.now + 1
    this.#lastNow = now
    const xact = ++this.#lastXact
    this.#open.add(xact)
    const locked = new Set<string>()
    let chosen: Locks | undefined
    const lock = (rows: readonly string[]) => {
      for (const row of rows) {
        locked.add(row)
        this.#locks.add(row)
      }
    }
    const end = () => {
      this.#open.delete(xact)
      for (const row of locked) this.#locks.delete(row)
    }
    return {
      start: () => {
        const isFree = (row: string) => (chosen ? locked.has(row) : !this.#locks.has(row))
        const context = { tables: this.tables, now, isFree }
        const before = chosen
        if (!chosen?.isSettled) chosen = parts.locks?.(context, ...(args as never)) ?? {}
        if (!before) lock(chosen.skips ?? [])
        const { waits = [] } = chosen
        if (!waits.every((row) => locked.has(row) || !this.#locks.has(row))) return false
        lock(waits)
        return true
      },
      commit: () => {
        const horizon = Math.min(...this.#open)
        try {
          const tx = { tables: this.tables, now, xact, horizon, locked, plan: chosen?.plan }
          return parts.apply(tx, ...(args as never))
        } finally {
          end()
        }
      },
      rollback: end,
    }
  }

  /** Runs a statement at once. */
  run(run: Run): unknown {
    const attempt = this.begin(run)
    if (!attempt.start()) throw new Error(`${run.name} would wait for a lock.`)
    return attempt.commit()
  }
}
