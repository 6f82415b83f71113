-- replicas: 0009
-- As migration 0010 does for the tables that grow with the processes: a claim looks up its executors one by one, and must
-- not read all of the colony. Ids that nobody has, nor holds anything under.
insert into executors (colony, name, executor_id, executor_type, state)
select 0, 'name' || n, 'e' || lpad(to_hex(n), 63, '0'), '', 1 from generate_series(1, 1000) n;

select keep_statistics('executors');
