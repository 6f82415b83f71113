-- replicas: 0009
-- Each statement looks up few rows of a colony by their keys, and a connection plans it once, for any values, and keeps
-- the plan. The planner must not take a colony for a handful of rows then: it would read all of them where one lookup is
-- enough, and go on so when the colony has a million. It does so while a table is empty, as each partition is when its day
-- begins, and where most of many colonies are small. So, for the tables that grow with the processes:
--
-- * a thousand rows of no colony, as `live` and `wanted` have them, with statistics from the start;
-- * `n_distinct = 1`: rows of a colony are guessed to be as many as the largest one has.

-- Does so for one table that has its thousand rows.
create function keep_statistics(of_table text) returns void language plpgsql as $$
begin
  execute format('alter table %I alter column colony set (n_distinct = 1)', of_table);
  execute format('analyze %I', of_table);
end $$;

-- The same for a partition, which gets the rows here. `low`: where its range begins, 12 hex digits.
create function keep_partition_statistics(parent text, partition text, low text) returns void language plpgsql as $$
begin
  execute case parent
    when 'process_specs' then format('insert into %I (colony, process_id, node_name, function_name, executor_type, label,
        initiator_id, initiator_name, submitted_at, priority_time, max_retries, spec, env)
      select 0, $1 || lpad(to_hex(n), 52, ''0''), '''', '''', ''type'' || n, '''', '''', '''', now(), n, 0, '''', ''''
      from generate_series(1, 1000) n', partition)
    when 'results' then format('insert into %I (colony, process_id, state, attempt, retries, ended_at, executor_type, label,
        initiator_user)
      select 0, $1 || lpad(to_hex(n), 52, ''0''), 2 + n %% 3, 0, 0, now() - make_interval(secs => n), ''type'' || n,
        ''label'' || n, ''user'' || n
      from generate_series(1, 1000) n', partition)
    when 'events' then format('insert into %I (colony, process_id, state, attempt, reason, executor_type)
      select 0, $1 || lpad(to_hex(n), 52, ''0''), 0, 0, '''', '''' from generate_series(1, 1000) n', partition)
  end using low;
  perform keep_statistics(partition);
end $$;

do $$
declare
  parent text;
  part record;
begin
  foreach parent in array array['process_specs', 'results', 'events'] loop
    for part in
      select c.relname as name,
        coalesce(substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([0-9a-f]+)'''), '000000000000') as low
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = parent::regclass
    loop
      perform keep_partition_statistics(parent, part.name, part.low);
    end loop;
  end loop;
end $$;

create or replace function make_partitions(suffix text, low text, high text) returns text language plpgsql
set lock_timeout = '200ms' as $$
declare
  parents constant text[] := array['process_specs', 'results', 'events'];
  parent text;
begin
  -- First made, then attached: attaching locks little, and the locks are held for a moment only.
  foreach parent in array parents loop
    execute format('create table %I (like %I including all)', parent || '_' || suffix, parent);
    perform keep_partition_statistics(parent, parent || '_' || suffix, low);
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

insert into graphs (colony, graph_id, initiator_id, initiator_name, total, success, failed, cancelled)
select 0, lpad(to_hex(n), 64, '0'), '', '', 1, (n % 4 = 2)::int, (n % 4 = 3)::int, (n % 4 = 0)::int
from generate_series(1, 1000) n;

insert into graph_nodes (colony, graph_id, position, process_id, node_name)
select 0, lpad(to_hex(n), 64, '0'), 0, lpad(to_hex(n), 64, '0'), '' from generate_series(1, 1000) n;

insert into edges (colony, child_id, position, parent_id, graph_id)
select 0, lpad(to_hex(n), 64, '0'), 0, lpad(to_hex(n), 64, '0'), '' from generate_series(1, 1000) n;

insert into requests (colony, caller, request_id, made_id, made_at)
select 0, lpad(to_hex(n), 64, '0'), n, lpad(to_hex(n), 64, '0'), 'infinity' from generate_series(1, 1000) n;

insert into attributes (colony, process_id, attribute_id, attribute_type, key, value)
select 0, lpad(to_hex(n), 64, '0'), lpad(to_hex(n), 64, '0'), 0, '', '' from generate_series(1, 1000) n;

insert into channels (colony, process_id, name)
select 0, lpad(to_hex(n), 64, '0'), 'name' || n from generate_series(1, 1000) n;

-- Of one channel: they are many in each.
insert into channel_entries (colony, process_id, name, position, sender, sequence, in_reply_to, entry_type, request_key)
select 0, lpad('1', 64, '0'), 'name1', n, '', 0, 0, '', decode(lpad(to_hex(n), 64, '0'), 'hex')
from generate_series(1, 1000) n;

select keep_statistics(name) from unnest(array['live', 'wanted', 'graphs', 'graph_nodes', 'edges', 'requests',
  'attributes', 'channels', 'channel_entries']) as t (name);
