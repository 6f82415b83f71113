-- replicas: 0009
-- The place of a row says which one it is within one table. Where a table is spread over several servers, each has such a place,
-- so the delete itself names the colony too.
create or replace function delete_of_colony(rows_of regclass, colony_key int, most int) returns bigint language plpgsql as $$
declare
  deleted bigint;
begin
  execute format(
    'delete from only %s where colony = $1 and ctid = any(array(select ctid from only %s where colony = $1 limit $2))',
    rows_of, rows_of) using colony_key, most;
  get diagnostics deleted = row_count;
  return deleted;
end $$;
