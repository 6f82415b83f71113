-- What the background loops need: the leader's lease, and statements over tables whose names are not known beforehand.

-- Nothing has to be done by the leader; it is shown, and does alone what is merely cheaper in one place.
create table leader_lease (
  -- One row.
  only_row   boolean primary key default true check (only_row),
  replica_id text collate "C" not null,
  -- One more with each change of the leader.
  epoch      bigint not null,
  until      timestamptz not null
);

-- Adds a range of ids to the tables that are partitioned by id, to all of them or to none.
--
-- `refused`: the default partition has rows of this range already, or too many others to look through; or another
-- partition has a part of it. `busy`: the default partition could not be locked soon enough; whoever waits for that lock
-- holds up all that come after.
create function make_partitions(suffix text, low text, high text) returns text language plpgsql
set lock_timeout = '200ms' as $$
declare
  parents constant text[] := array['process_specs', 'results', 'events'];
  parent text;
begin
  -- First made, then attached: attaching locks little, and the locks are held for a moment only.
  foreach parent in array parents loop
    execute format('create table %I (like %I including all)', parent || '_' || suffix, parent);
  end loop;
  foreach parent in array parents loop
    execute format('alter table %I attach partition %I for values from (%L) to (%L)',
      parent, parent || '_' || suffix, low, high);
  end loop;
  return 'made';
exception
  when check_violation or duplicate_table or invalid_object_definition or query_canceled then return 'refused';
  when lock_not_available or deadlock_detected then return 'busy';
end $$;

-- Drops one partition; what it held is taken off the counters.
create function drop_partition(parent text, suffix text) returns text language plpgsql
set lock_timeout = '200ms' as $$
declare
  partition constant text := parent || '_' || suffix;
begin
  if parent = 'results' then
    -- Nobody removes rows between count and drop, or they would be taken off twice.
    execute format('lock table %I in share mode', partition);
    execute format('update counters c set success = c.success - n.success, failed = c.failed - n.failed,
        cancelled = c.cancelled - n.cancelled
      from (select colony, count(*) filter (where state = 2) as success, count(*) filter (where state = 3) as failed,
              count(*) filter (where state = 4) as cancelled
            from %I group by colony) n
      where c.colony = n.colony', partition);
  end if;
  execute format('drop table %I', partition);
  return 'dropped';
exception
  when lock_not_available or deadlock_detected then return 'busy';
end $$;

-- Deletes some rows of one colony from one table, which must not be a partitioned one.
create function delete_of_colony(rows_of regclass, colony_key int, most int) returns bigint language plpgsql as $$
declare
  deleted bigint;
begin
  execute format('delete from only %s where ctid = any(array(select ctid from only %s where colony = $1 limit $2))',
    rows_of, rows_of) using colony_key, most;
  get diagnostics deleted = row_count;
  return deleted;
end $$;
