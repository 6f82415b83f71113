-- Processes, by state: a row of `live` while waiting or running, a row of `results` afterwards. What never changes is in
-- `process_specs`. Every key starts with the colony; ids start with their time, so ranges of ids are ranges of time.

create table process_specs (
  colony         int not null,
  process_id     text collate "C" not null,
  graph_id       text collate "C",
  node_name      text collate "C" not null,
  function_name  text collate "C" not null,
  executor_type  text collate "C" not null,
  label          text collate "C" not null,
  initiator_id   text collate "C" not null,
  initiator_name text collate "C" not null,
  -- The name once more when the initiator is a user: the filter of lists.
  initiator_user text collate "C",
  submitted_at   timestamptz not null,
  priority_time  bigint not null,
  wait_seconds   int,
  exec_seconds   int,
  max_retries    int not null,
  -- The normalised spec as JSON text up to, and without, `env` and `channels`; those two follow as texts of their own.
  spec           text not null,
  env            text not null,
  channels       text,
  primary key (colony, process_id)
) partition by range (process_id);

create table results (
  colony         int not null,
  process_id     text collate "C" not null,
  state          smallint not null,
  holder         text collate "C",
  holder_name    text collate "C",
  attempt        int not null,
  retries        int not null,
  started_at     timestamptz,
  ended_at       timestamptz not null,
  wait_deadline  timestamptz,
  exec_deadline  timestamptz,
  executor_type  text collate "C" not null,
  label          text collate "C" not null,
  initiator_user text collate "C",
  graph_id       text collate "C",
  output         text,
  errors         text[],
  primary key (colony, process_id)
) partition by range (process_id);

create index results_ended on results (colony, state, ended_at desc, process_id desc);
create index results_type on results (colony, state, executor_type, ended_at desc, process_id desc);
create index results_label on results (colony, state, label, ended_at desc, process_id desc) where label <> '';
create index results_user on results (colony, state, initiator_user, ended_at desc, process_id desc)
  where initiator_user is not null;

-- One narrow row per change of state, written by the statement that makes the change: history, attempts, subscriptions,
-- counters. `xact` orders them for readers: below pg_snapshot_xmin() nothing can still appear.
create table events (
  colony        int not null,
  process_id    text collate "C" not null,
  xact          xid8 not null default pg_current_xact_id(),
  at            timestamptz not null default now(),
  -- null: there was no state before
  old_state     smallint,
  state         smallint not null,
  attempt       int not null,
  holder        text collate "C",
  reason        text collate "C" not null,
  executor_type text collate "C" not null
) partition by range (process_id);

create index events_process on events (colony, process_id);
create index events_xact on events (colony, xact);

create table process_specs_default partition of process_specs default;
create table results_default partition of results default;
create table events_default partition of events default;

create table live (
  colony        int not null,
  process_id    text collate "C" not null,
  -- 0 waiting, 1 running
  state         smallint not null,
  executor_type text collate "C" not null,
  -- null: any executor of the type. Otherwise each name has a row in `wanted` while the process is ready.
  names         text[],
  -- lower case; '' fits every executor
  location      text collate "C" not null,
  cpu           bigint not null,
  memory        bigint not null,
  priority_time bigint not null,
  -- Parents that have not succeeded yet; ready to be assigned at 0.
  open_parents  int not null,
  -- Read by the statement that closes this process: the newest version of this row knows children added meanwhile.
  children      text[],
  graph_id      text collate "C",
  -- Until when it may wait while waiting, until when its holder has it while running.
  deadline      timestamptz,
  wait_seconds  int,
  exec_seconds  int,
  max_retries   int not null,
  retries       int not null default 0,
  attempt       int not null default 0,
  holder        text collate "C",
  holder_name   text collate "C",
  assign_id     text collate "C",
  started_at    timestamptz,
  -- Place in the lists: the priority time while waiting, the start in ns while running.
  list_place    bigint not null,
  output        text,
  primary key (colony, process_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05);

-- The queue: one scan of this range gives the next process of a type. Statements that know their process do not
-- imply its predicate, so the planner never takes it for them.
create index live_queue on live (colony, executor_type, location, cpu, memory, priority_time, process_id)
  where state = 0 and open_parents = 0 and names is null;
create index live_deadline on live (colony, deadline) where deadline is not null;
create index live_holder on live (colony, holder) where holder is not null;
create index live_list on live (colony, state, list_place, process_id);

-- One row per wanted executor name of a ready process; names that nobody polls for cost nobody a scan.
create table wanted (
  colony        int not null,
  executor_type text collate "C" not null,
  name          text collate "C" not null,
  priority_time bigint not null,
  process_id    text collate "C" not null,
  location      text collate "C" not null,
  cpu           bigint not null,
  memory        bigint not null,
  primary key (colony, process_id, name)
);
create index wanted_queue on wanted (colony, executor_type, name, location, cpu, memory, priority_time, process_id);

create table graphs (
  colony         int not null,
  graph_id       text collate "C" not null,
  initiator_id   text collate "C" not null,
  initiator_name text collate "C" not null,
  submitted_at   timestamptz not null default now(),
  started_at     timestamptz,
  ended_at       timestamptz,
  total          int not null,
  success        int not null default 0,
  failed         int not null default 0,
  cancelled      int not null default 0,
  state          smallint not null generated always as (
    case when failed > 0 then 3 when cancelled > 0 then 4 when success = total then 2
         when started_at is not null or success > 0 then 1 else 0 end) stored,
  primary key (colony, graph_id)
);
create index graphs_state on graphs (colony, state, graph_id desc);

create table graph_nodes (
  colony     int not null,
  graph_id   text collate "C" not null,
  -- Order of the spec; children added later come after.
  position   int not null,
  process_id text collate "C" not null,
  node_name  text collate "C" not null,
  primary key (colony, graph_id, position)
);

create table edges (
  colony    int not null,
  child_id  text collate "C" not null,
  -- Order of the child's `dependencies`: the order of its input.
  position  int not null,
  parent_id text collate "C" not null,
  graph_id  text collate "C" not null,
  primary key (colony, child_id, position)
);
create index edges_parent on edges (colony, parent_id, child_id);

-- What makes a repeated submit harmless; kept a day.
create table requests (
  colony     int not null,
  caller     text collate "C" not null,
  request_id text collate "C" not null,
  -- A process or a graph.
  made_id    text collate "C" not null,
  made_at    timestamptz not null default now(),
  primary key (colony, caller, request_id)
);
create index requests_made on requests (colony, made_at);

create table attributes (
  colony         int not null,
  process_id     text collate "C" not null,
  attribute_id   text collate "C" not null,
  graph_id       text collate "C",
  attribute_type int not null,
  key            text collate "C" not null,
  value          text not null,
  added_at       timestamptz not null default now(),
  primary key (colony, attribute_id)
);
create index attributes_process on attributes (colony, process_id, added_at);

-- Processes and graphs by state, added up from `events` until `counted_to`; the rest is counted when somebody asks.
create table counters (
  colony     int primary key,
  waiting    bigint not null default 0,
  running    bigint not null default 0,
  success    bigint not null default 0,
  failed     bigint not null default 0,
  cancelled  bigint not null default 0,
  counted_to xid8 not null default '0'
);

create table function_counters (
  colony        int not null,
  executor_name text collate "C" not null,
  function_name text collate "C" not null,
  calls         bigint not null default 0,
  wait_min      double precision,
  wait_max      double precision,
  wait_sum      double precision not null default 0,
  exec_min      double precision,
  exec_max      double precision,
  exec_sum      double precision not null default 0,
  primary key (colony, executor_name, function_name)
);

create table removed_colonies (
  colony     int primary key,
  removed_at timestamptz not null default now()
);

-- Called by a statement that finds that its snapshot is older than the rows it has just locked: the whole statement is
-- run again with a new one.
create function raise_race() returns boolean language plpgsql volatile as $$
begin
  raise exception 'the snapshot is older than the locked rows' using errcode = 'serialization_failure';
end $$;

-- Rows of no colony, so that the planner never sees `live` or `wanted` empty. A queue that drains and is vacuumed has
-- statistics of zero rows, for which any index is as good as another; a plan kept from that moment walks a whole colony
-- where it should look up one process, and stays until the next analyze. A thousand rows make each lookup look like one.
insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents, deadline,
  max_retries, holder, holder_name, list_place)
select 0, lpad(to_hex(n), 64, '0'), n % 2, '', '', 0, 0, n, 1 - n % 2, 'infinity', 0,
  case when n % 2 = 1 then lpad(to_hex(n), 64, '0') end, case when n % 2 = 1 then '' end, n
from generate_series(1, 1000) n;

insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
select 0, '', 'name' || n, n, lpad(to_hex(n), 64, '0'), '', 0, 0 from generate_series(1, 1000) n;
