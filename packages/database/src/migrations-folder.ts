import { readdirSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `NNNN-name.sql` files of this package; found from `src` and `dist` alike. */
export const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

export interface Migration {
  number: number
  /** Name of the file. */
  name: string
  text: string
  /**
   * Replicas that know this migration, or a later one, work beside the changed tables; older ones do not. Its own number, when
   * the file says nothing.
   */
  serves: number
  /** For what cannot be in a transaction, such as indexes that are built while others write. Each may be repeated. */
  oneByOne: boolean
}

const servesLine = /^-- replicas: (\d{4})$/m
const oneByOneLine = /^-- statements: one by one$/m

/** In the order of their numbers. @throws Error when two have one number */
export async function listMigrations(folder: string): Promise<Migration[]> {
  const names = namesIn(await readdir(folder))
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name)))
  migrations.forEach(({ number, name }, index) => {
    if (number > (migrations[index - 1]?.number ?? 0)) return
    throw new Error(`${join(folder, name)}: names of migrations start with four digits, each with its own number.`)
  })
  return migrations
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const text = await readFile(join(folder, name), 'utf8')
  const number = numberOf(name)
  const serves = servesLine.exec(text)?.[1]
  return {
    number,
    name,
    text,
    serves: serves === undefined ? number : Number(serves),
    oneByOne: oneByOneLine.test(text),
  }
}

/** The newest migration that this code knows: what its replicas can do. */
export function newestMigration(folder = migrationsFolder): number {
  return numberOf(namesIn(readdirSync(folder)).at(-1) ?? '0')
}

const namesIn = (names: readonly string[]) => names.filter((name) => name.endsWith('.sql')).sort()

const numberOf = (name: string) => Number.parseInt(name, 10)
