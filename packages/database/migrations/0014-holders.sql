-- replicas: 0009
-- A repeated assign looks for the process that its executor got under the same assign id. By the holder alone it would
-- read all that the executor holds, which may be 100 000. A hash, since an assign id may have any length.

drop index live_holder;
create index live_holder on live (colony, holder, hashtext(assign_id)) where holder is not null;

-- As migration 0010 does for the tables that grow with the processes: a claim looks up its executors one by one, and must
-- not read all of the colony. Ids that nobody has, nor holds anything under.

insert into executors (colony, name, executor_id, executor_type, state)
select 0, 'name' || n, 'e' || lpad(to_hex(n), 63, '0'), '', 1 from generate_series(1, 1000) n;

select keep_statistics('executors');
