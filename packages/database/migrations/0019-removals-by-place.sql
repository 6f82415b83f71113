-- replicas: 0009
-- Rows of a removed colony are found by their places, however large PostgreSQL believes the table to be. Where it has not looked
-- since a colony grew, it takes the table for a small one, and would read all rows of the colony by an index to keep the thousand
-- that are meant: of 100 000 rows that was more than a second for each batch.
create or replace function delete_of_colony(rows_of regclass, colony_key int, most int) returns bigint language plpgsql as $$
declare
  places  tid[];
  usual   text := current_setting('enable_indexscan');
  deleted bigint;
begin
  execute format('select array(select ctid from only %s where colony = $1 limit $2)', rows_of)
    into places using colony_key, most;
  perform set_config('enable_indexscan', 'off', true);
  execute format('delete from only %s where colony = $1 and ctid = any($2)', rows_of) using colony_key, places;
  get diagnostics deleted = row_count;
  perform set_config('enable_indexscan', usual, true);
  return deleted;
end $$;
