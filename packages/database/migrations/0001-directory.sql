-- Who is who: colonies, their members, and what replicas know of each other.

create table server_identity (
  -- One row.
  only_row  boolean primary key default true check (only_row),
  server_id text collate "C" not null
);

create table colonies (
  -- The first column of every other table. Never reused: rows of a removed colony cannot show up in a new one.
  colony_key int generated always as identity primary key,
  name       text collate "C" not null unique,
  colony_id  text collate "C" not null,
  paused     boolean not null default false,
  created_at timestamptz not null default now()
);

create table users (
  colony  int not null,
  name    text collate "C" not null,
  user_id text collate "C" not null,
  email   text collate "C" not null default '',
  phone   text collate "C" not null default '',
  primary key (colony, name),
  unique (colony, user_id)
);
create index users_id on users (user_id);

create table executors (
  colony           int not null,
  name             text collate "C" not null,
  executor_id      text collate "C" not null,
  executor_type    text collate "C" not null,
  -- 0 pending, 1 approved, 2 rejected, 3 unregistered
  state            smallint not null default 0,
  location         text collate "C" not null default '',
  require_func_reg boolean not null default false,
  -- JSON texts in their wire form.
  capabilities     text not null default '{"hardware":null,"software":null}',
  allocations      text not null default '{"projects":null}',
  blueprint_id     text collate "C" not null default '',
  blueprint_gen    bigint not null default 0,
  commissioned_at  timestamptz not null default now(),
  last_heard_at    timestamptz,
  -- True once it has sent a heartbeat: from then on silence releases what it holds.
  leased           boolean not null default false,
  heartbeat_at     timestamptz,
  primary key (colony, name),
  unique (colony, executor_id)
);
create index executors_id on executors (executor_id);

create table functions (
  colony        int not null,
  function_id   text collate "C" not null,
  executor_name text collate "C" not null,
  executor_type text collate "C" not null,
  function_name text collate "C" not null,
  description   text collate "C" not null default '',
  -- JSON text in its wire form.
  args          text not null default '[]',
  location      text collate "C" not null default '',
  primary key (colony, function_id),
  unique (colony, executor_name, function_name)
);

create table locations (
  colony      int not null,
  name        text collate "C" not null,
  location_id text collate "C" not null,
  description text collate "C" not null default '',
  long        double precision not null default 0,
  lat         double precision not null default 0,
  primary key (colony, name)
);

create table logs (
  colony        int not null,
  -- '' for a log of the executor itself.
  process_id    text collate "C" not null,
  executor_name text collate "C" not null,
  message       text not null,
  -- Unix time in ns: microseconds of the database's clock, then the place within a batch.
  added_ns      bigint not null
);
create index logs_process on logs (colony, process_id, added_ns);
create index logs_executor on logs (colony, executor_name, added_ns);
create index logs_added on logs (colony, added_ns);

-- Whose rights changed. Replicas read the newest rows and drop what they remember of these subjects.
create table directory_changes (
  xact       xid8 not null default pg_current_xact_id(),
  -- Id of a member, or `colony:<name>`.
  subject    text collate "C" not null,
  changed_at timestamptz not null default now()
);
create index directory_changes_xact on directory_changes (xact);

create table replicas (
  replica_id text collate "C" primary key,
  name       text collate "C" not null,
  host       text collate "C" not null,
  port       int not null,
  started_at timestamptz not null default now(),
  heard_at   timestamptz not null default now()
);
