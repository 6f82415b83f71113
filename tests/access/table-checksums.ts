import { type Db, sql } from '@colonies/database'

/** What does not count. */
export interface Except {
  tables?: readonly string[]
  /** Columns by their name, of whatever table. */
  columns?: readonly string[]
  /** Rows of this colony. */
  colony?: number
}

/**
 * A sum over all rows of each table that the database has, by the name of the table. The tables come from the catalog, so
 * that none can be forgotten. A table in partitions is one: there are hundreds of these, and most are of days to come.
 */
export async function tableChecksums(db: Db, except: Except = {}): Promise<Record<string, string>> {
  const rows = await checksums(db, except).catch(async () => {
    await define(db)
    return checksums(db, except)
  })
  return Object.fromEntries(rows.map(({ name, checksum }) => [name, checksum]))
}

function checksums(db: Db, { tables = [], columns = [], colony = -1 }: Except) {
  return db.all<{ name: string; checksum: string }>(sql`
    select relname as name, checksum_of(oid::regclass, ${columns}::text[], ${colony}::int) as checksum
    from pg_class
    where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace
      and relname <> all(${tables}::text[])
    order by 1`)
}

function define(db: Db) {
  return db.run(sql`
    create function checksum_of(rows_of regclass, leave_out text[], leave_out_colony int) returns text
    language plpgsql as $$
    declare
      checksum text;
    begin
      execute format('select count(*) || '' rows, '' || coalesce(sum(hashtextextended((row - $1)::text, 0)), 0)
        from (select to_jsonb(t) as row from %s t) rows
        where row->>''colony'' is distinct from $2::text', rows_of)
      using leave_out, leave_out_colony into checksum;
      return checksum;
    end $$`)
}
