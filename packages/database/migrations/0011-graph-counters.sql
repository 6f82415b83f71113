-- replicas: 0009
-- Graphs by state, as processes are: those that changed since they were counted are few, and have an index (0012).

alter table counters
  add column waiting_graphs bigint not null default 0,
  add column running_graphs bigint not null default 0,
  add column success_graphs bigint not null default 0,
  add column failed_graphs bigint not null default 0,
  add column cancelled_graphs bigint not null default 0;

-- The state under which a graph is in `counters`; null: not at all.
alter table graphs add column counted_state smallint;
update graphs set counted_state = state where colony = 0;
