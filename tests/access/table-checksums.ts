import { type Db, sql } from '@colonies/database'

export interface ChecksumOptions {
  /** Columns, of whatever table, whose values do not count. */
  except?: readonly string[]
  /** Rows of this colony do not count. */
  exceptColony?: number
}

/**
 * A sum over all rows of each table that the database has, by the name of the table. The tables come from the catalog, so
 * that none can be forgotten.
 */
export async function tableChecksums(
  db: Db,
  { except = [], exceptColony = -1 }: ChecksumOptions = {},
): Promise<Record<string, string>> {
  const rows = await checksums(db, except, exceptColony).catch(async () => {
    await define(db)
    return checksums(db, except, exceptColony)
  })
  return Object.fromEntries(rows.map(({ name, checksum }) => [name, checksum]))
}

function checksums(db: Db, except: readonly string[], exceptColony: number) {
  return db.all<{ name: string; checksum: string }>(sql`
    select oid::regclass::text as name, checksum_of(oid::regclass, ${except}::text[], ${exceptColony}::int) as checksum
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`)
}

function define(db: Db) {
  return db.run(sql`
    create function checksum_of(rows_of regclass, leave_out text[], leave_out_colony int) returns text
    language plpgsql as $$
    declare
      checksum text;
    begin
      execute format('select count(*) || '' rows, '' || coalesce(sum(hashtextextended((row - $1)::text, 0)), 0)
        from (select to_jsonb(t) as row from only %s t) rows
        where row->>''colony'' is distinct from $2::text', rows_of)
      using leave_out, leave_out_colony into checksum;
      return checksum;
    end $$`)
}
