-- Workflows that are started by time, and by collected arguments.

create table crons (
  colony            int not null,
  cron_id           text collate "C" not null,
  name              text collate "C" not null,
  -- Who added it: initiator of every run, as long as it is a member.
  initiator_id      text collate "C" not null,
  initiator_name    text collate "C" not null,
  initiator_is_user boolean not null,
  -- Seconds; 0 or less: the expression decides.
  interval_seconds  int not null,
  expression        text collate "C" not null,
  random            boolean not null,
  -- As given; '' for that of the server that took the cron. What it was then stays, whichever replica plans the next run.
  time_zone         text collate "C" not null,
  server_time_zone  text collate "C" not null,
  catchup           boolean not null,
  waits             boolean not null,
  -- allow, wait, skip, cancel; '' as `waits` says
  overlap           text collate "C" not null,
  -- JSON text as it came.
  workflow          text not null,
  -- null: never
  next_run          timestamptz,
  last_run          timestamptz,
  previous_graph_id text collate "C",
  -- Why the last planned run was not started; '' when it was.
  last_error        text not null default '',
  primary key (colony, cron_id),
  unique (colony, name)
);
create index crons_due on crons (colony, next_run) where next_run is not null;

create table generators (
  colony            int not null,
  generator_id      text collate "C" not null,
  name              text collate "C" not null,
  initiator_id      text collate "C" not null,
  initiator_name    text collate "C" not null,
  initiator_is_user boolean not null,
  workflow          text not null,
  -- Arguments of one graph.
  trigger_count     int not null,
  -- 0 or less: fewer than that never make one.
  timeout_seconds   int not null,
  -- Bytes of one argument, such that those of one graph fit into its function specs.
  arg_bytes_max     int not null,
  first_pack        timestamptz,
  last_run          timestamptz,
  -- Arguments are numbered from 1 in the order in which they were stored. Those up to `taken` are in graphs, those after
  -- it, up to `packed`, are in generator_args.
  packed            bigint not null default 0,
  taken             bigint not null default 0,
  queued_bytes      bigint not null default 0,
  -- When there is something to do; null while nothing waits for it.
  due_at            timestamptz,
  last_error        text not null default '',
  primary key (colony, generator_id),
  unique (colony, name)
);
create index generators_due on generators (colony, due_at) where due_at is not null;

create table generator_args (
  colony       int not null,
  generator_id text collate "C" not null,
  place        bigint not null,
  arg          text not null,
  packed_at    timestamptz not null default now(),
  primary key (colony, generator_id, place)
);

-- Input of a node that does not come from parents: what the run of a cron before put out. Null for all others.
alter table process_specs add column input text;

-- Which planned time of which cron a graph is for: each has one at most. Runs by command have no planned time.
alter table graphs add column cron_id text collate "C", add column planned_at timestamptz;
create unique index graphs_cron on graphs (colony, cron_id, planned_at) where cron_id is not null;
