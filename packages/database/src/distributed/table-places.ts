/** Where a statement names tables, and what that says of the colonies that it is about. */

/** Which colonies a statement is about. */
export type Aim =
  /** One: the value of the parameter at this index. */
  | { of: 'colony'; parameter: number; others: readonly number[] }
  /** Those in the array parameter at this index. */
  | { of: 'colonies'; parameter: number }
  /** Whichever there are. */
  | { of: 'every colony' }
  /** None: it is about what each node has for itself. */
  | { of: 'every node' }
  /** None: it reads and writes what is the server's. */
  | { of: 'server' }

/** Words that may follow the name of a table and are no other name for it. */
const KEYWORDS =
  'where|set|order|group|having|limit|offset|fetch|on|join|left|right|full|inner|cross|natural|for|union|except|intersect|using|returning|select|values|default|window|with'

const CONSTANT = /\bcolony(?:_key)? = \$(\d+)/g
const INSERTED = /\binsert into \w+(?: as \w+)?\s*\(colony\b[^)]*\)\s*(?:select|values\s*\()\s*\$(\d+)/g
/** A statement that is about a colony, and reads no table of it. */
const NAMED = /\$(\d+)::int as colony\b/
const SOME = /\bcolony = any\(\$(\d+)/

/** How tables are laid out over the nodes, by their names. */
export interface Layout {
  /** Those that begin with the colony. */
  tenant: readonly string[]
  /** Of the server, and every node has all of their rows. */
  shared: readonly string[]
  /** Each node has its own, and what is about none of the colonies is about all of these. */
  own: readonly string[]
}

/** Tells by the names of the tables that have colonies; a statement is looked at as text, which is how all of ours are made. */
export class TablePlaces {
  readonly #all: RegExp
  readonly #tenant: RegExp
  readonly #own: RegExp

  constructor({ tenant, shared, own }: Layout) {
    this.#all = placesOf([...tenant, ...shared])
    this.#tenant = placesOf(tenant)
    this.#own = placesOf(own)
  }

  /** @param text with parameters as `$1` */
  aimOf(text: string): Aim {
    if (text.search(this.#tenant) < 0) {
      const named = NAMED.exec(text)
      if (named) return { of: 'colony', parameter: Number(named[1]) - 1, others: [] }
      return { of: text.search(this.#own) < 0 ? 'server' : 'every node' }
    }
    const [parameter, ...others] = [...text.matchAll(CONSTANT), ...text.matchAll(INSERTED)].map(
      ([, number]) => Number(number) - 1,
    )
    if (parameter !== undefined) return { of: 'colony', parameter, others }
    const some = SOME.exec(text)
    return some ? { of: 'colonies', parameter: Number(some[1]) - 1 } : { of: 'every colony' }
  }

  /** The same statement over other tables, each under the alias that it had, or else under its name. */
  renamed(text: string, nameOf: (table: string) => string): string {
    return text.replace(this.#all, (_, before: string, table: string, alias: string | undefined) =>
      alias === undefined ? `${before}${nameOf(table)} as ${table}` : `${before}${nameOf(table)}${alias}`,
    )
  }

  /** Tables that the statement names. */
  tablesIn(text: string): string[] {
    return [...new Set([...text.matchAll(this.#all)].map(([, , table]) => table as string))]
  }
}

function placesOf(tables: readonly string[]): RegExp {
  const names = tables.join('|') || '(?!)'
  return new RegExp(
    `\\b((?:from|join|into|update|using|only)\\s+)(${names})\\b(?![.(])(\\s+(?:as\\s+)?(?!(?:${KEYWORDS})\\b)[a-z_]\\w*)?`,
    'g',
  )
}
