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
 * that none can be forgotten; of partitions those that have rows. Rows are hashed as they are, not as JSON: thousands of them belong
 * to the schema itself.
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
    with filled as (
      select oid, relname, checksum_of(oid::regclass, ${columns}::text[], ${colony}::int) as checksum
      from pg_class
      where relkind = 'r' and relnamespace = 'public'::regnamespace
        and coalesce(pg_partition_root(oid), oid)::regclass::text <> all(${tables}::text[])
        and (not relispartition or pg_relation_size(oid) > 0)
    )
    select relname as name, checksum from filled
    where checksum <> '0 rows, 0' or pg_partition_root(oid) is null
    order by 1`)
}

function define(db: Db) {
  return db.run(sql`
    create function checksum_of(rows_of regclass, leave_out text[], leave_out_colony int) returns text
    language plpgsql as $$
    declare
      checksum text;
      kept text;
      of_colonies boolean;
    begin
      select string_agg(format('t.%I', attname), ', ' order by attnum), bool_or(attname = 'colony')
      into kept, of_colonies
      from pg_attribute
      where attrelid = rows_of and attnum > 0 and not attisdropped and attname <> all(leave_out);
      execute format('select count(*) || '' rows, '' || coalesce(sum(hash_record_extended(row(%s), 0)), 0) from %s t %s',
        kept, rows_of, case when of_colonies then format('where t.colony is distinct from %s', leave_out_colony) else '' end)
      into checksum;
      return checksum;
    end $$`)
}
