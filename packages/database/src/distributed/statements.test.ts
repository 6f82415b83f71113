import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '@colonies/testkit'
import { listMigrations, migrationsFolder } from '../migrations-folder.js'
import { sqlTemplates } from '../testing/sql-templates.js'
import { ownTables, serverTables, sharedTables, tenantTables } from './layout.js'
import { GUARD } from './shard-guard.js'

const sources = fileURLToPath(new URL('../../src/', import.meta.url))

/** Tables that only the coordinator has: no statement about a colony names them. */
const coordinatorTables = ['leader_lease', 'object_store', 'schema_migrations', 'server_identity']

const looks =
  'a look over all colonies, each shard for its own; it gives rows of colonies, which then are dealt with one by one'
const sums = 'numbers of all colonies: one row of each shard, added up where they are read'
const part = 'a part of statements; the others name the colony'
const copied = 'only on one PostgreSQL, after a restore'

/** Templates that name a table without naming one colony for it; by file and how they begin, a value as `{colony}`. */
const acrossColonies: readonly { file: string; begins: string; why: string }[] = [
  { file: 'counters.ts', begins: 'with parts as (', why: sums },
  { file: 'due.ts', begins: 'with held as materialized ( select l.colony', why: looks },
  { file: 'due.ts', begins: 'select k.colony from {coloniesIn(withEvents)}', why: looks },
  { file: 'file-removals.ts', begins: 'select f.file_id from files f where {ofFile}', why: part },
  { file: 'instances.ts', begins: 'select k.colony from {coloniesIn(', why: looks },
  { file: 'logs.ts', begins: 'select {columns} from logs where {which}', why: part },
  { file: 'overdue.ts', begins: 'select k.colony from {coloniesIn(', why: looks },
  { file: 'overdue.ts', begins: 'select c.colony_key as colony from colonies c', why: looks },
  { file: 'restored.ts', begins: 'update counters set counted_to', why: copied },
  { file: 'restored.ts', begins: 'select 1 from counters where colony <> 0', why: copied },
  { file: 'retention.ts', begins: 'select exists ( select 1 from colonies c', why: sums },
  { file: 'retention.ts', begins: 'exists ( select 1 from results r where r.colony = c.colony_key', why: part },
  { file: 'retention.ts', begins: 'select c.colony_key as colony from colonies c', why: looks },
  {
    file: 'rights.ts',
    begins: 'select e.colony, c.name as "colonyName"',
    why: 'an id is looked for in all colonies; what is found is remembered',
  },
  { file: 'server-identity.ts', begins: 'select (select count(*)::int from colonies)', why: sums },
  { file: 'snapshots.ts', begins: 's.snapshot_id, s.name, s.label', why: part },
  { file: 'sweeps.ts', begins: 'select distinct e.colony from executors e', why: looks },
  { file: 'sweeps.ts', begins: 'e.state in (0, 1, 2) and {isSilentSince(', why: part },
  { file: 'sweeps.ts', begins: 'with recursive holders (colony, holder)', why: looks },
  { file: 'sweeps.ts', begins: 'select k.colony from {coloniesIn(', why: looks },
  { file: 'sweeps.ts', begins: 'select colony, removed_at', why: looks },
  { file: 'uploads.ts', begins: 'select colony from store_usage', why: looks },
]

test('every table begins with its colony, in its keys too, or is one of the server that is known', async (t) => {
  const { db } = await testDatabase(t)
  const tables = await tenantTables(db)
  assert.ok(tables.some(({ name }) => name === 'live'))
  assert.deepEqual(
    tables.flatMap(({ obstacles }) => obstacles),
    [],
  )
  const guard = db.nodes ? [GUARD] : []
  assert.deepEqual(await serverTables(db), [...sharedTables, ...ownTables, ...coordinatorTables, ...guard].sort())
})

test('every statement names one colony for each table that has colonies, but for those with a reason', async (t) => {
  const { db } = await testDatabase(t)
  const names = (await tenantTables(db)).map(({ name }) => name).join('|')
  const table = new RegExp(`\\b(?:from|join|into|update|using|only)\\s+(?:${names})\\b(?![.(])`, 'g')
  const constant = /\bcolony = (?:any\()?\$\{([^}]*)\}|\(colony\b[^)]*\)\s*(?:select|values\s*\()\s*\$\{([^}]*)\}/g
  const unused = new Set(acrossColonies)
  for (const file of (await readdir(sources)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    for (const template of sqlTemplates(await readFile(`${sources}${file}`, 'utf8'))) {
      const text = template.text.replace(/\s+/g, ' ').trim()
      const colonies = [...text.matchAll(constant)].map(([, equal, inserted]) => equal ?? inserted)
      const tables = [...text.matchAll(table)].length
      assert.ok(new Set(colonies).size <= 1, `${file} has a statement about several colonies: ${text}`)
      if (tables <= colonies.length) continue
      const known = acrossColonies.find((one) => one.file === file && text.replaceAll('${', '{').startsWith(one.begins))
      assert.ok(known, `${file} names ${tables} tables and ${colonies.length} times a colony: ${text}`)
      unused.delete(known)
    }
  }
  assert.deepEqual([...unused], [], 'exceptions that nothing needs any more')
})

test('no migration changes a table that each node of a Citus has for itself', async () => {
  for (const { number, name, text } of await listMigrations(migrationsFolder)) {
    if (number <= 17) continue // from before tables could be distributed
    const changed = ownTables.filter((table) => new RegExp(`\\b(?:table|on)\\s+${table}\\b`).test(text))
    assert.deepEqual(changed, [], `${name}: Citus does not take that to other nodes, so the migration has to`)
  }
})
