-- replicas: 0009
-- Programs that run under the identity of an executor, each by a random id of its own. What one of them got waits again when
-- it is killed, although the executor lives on in the next one, or in others.
create table executor_instances (
  colony       int not null,
  executor_id  text collate "C" not null,
  instance_id  text collate "C" not null,
  heartbeat_at timestamptz not null default now(),
  -- When the sweep looks at it: a minute after each heartbeat; when it was silent then, once more before it is forgotten.
  look_at      timestamptz not null,
  primary key (colony, executor_id, instance_id)
);
create index executor_instances_look on executor_instances (colony, look_at);

-- As migration 0010 does for the tables that grow with the processes.
insert into executor_instances (colony, executor_id, instance_id, look_at)
select 0, lpad(to_hex(n), 64, '0'), lpad(to_hex(n), 64, '0'), 'infinity' from generate_series(1, 1000) n;

select keep_statistics('executor_instances');
