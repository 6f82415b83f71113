-- What a colony wishes for, beyond single processes: kinds of blueprints, blueprints, and how they came to be as they are.

create table blueprint_definitions (
  colony           int not null,
  name             text collate "C" not null,
  definition_id    text collate "C" not null,
  -- What blueprints refer to. A definition never changes, and stays while there is a blueprint of its kind.
  kind             text collate "C" not null,
  -- Who reconciles; without both, nobody does.
  executor_type    text collate "C" not null,
  function_name    text collate "C" not null,
  interval_seconds int not null,
  -- JSON texts: the definition in its wire form without the schema, and the schema as it came.
  document         text not null,
  schema           text,
  created_at       timestamptz not null default now(),
  primary key (colony, name),
  unique (colony, definition_id),
  unique (colony, kind)
);

create table blueprints (
  colony            int not null,
  name              text collate "C" not null,
  blueprint_id      text collate "C" not null,
  kind              text collate "C" not null,
  -- '' for anywhere; `place` is the same in lower case, by which it is searched.
  location          text collate "C" not null,
  place             text collate "C" not null,
  -- JSON texts: labels and annotations; and two as they came.
  metadata          text not null,
  spec              text not null,
  status            text not null,
  generation        bigint not null,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  -- The process submitted last to reconcile it alone; '' for none.
  reconcile_process text collate "C" not null default '',
  reconciled_at     timestamptz,
  -- Processes submitted to reconcile it that still waited when one more came.
  waiting           text[] collate "C" not null default '{}',
  primary key (colony, name),
  unique (colony, blueprint_id)
);
create index blueprints_kind on blueprints (colony, kind, name);
create index blueprints_place on blueprints (colony, kind, place, name);

-- One row per generation; the oldest go.
create table blueprint_history (
  colony       int not null,
  blueprint_id text collate "C" not null,
  generation   bigint not null,
  history_id   uuid not null default gen_random_uuid(),
  kind         text collate "C" not null,
  name         text collate "C" not null,
  spec         text not null,
  status       text not null,
  changed_at   timestamptz not null default now(),
  changed_by   text collate "C" not null,
  -- create, update
  change_type  text collate "C" not null,
  primary key (colony, blueprint_id, generation)
);

-- The crons that have all blueprints of a kind at a location reconciled from time to time. They belong to the colony, not to
-- whoever added the first blueprint. Their rows are locked by those who add the first and remove the last.
create table reconcile_crons (
  colony   int not null,
  kind     text collate "C" not null,
  location text collate "C" not null,
  cron_id  text collate "C" not null,
  primary key (colony, kind, location),
  unique (colony, cron_id)
);

-- By thing instead of by name, the colony owner is found by the id.
create index colonies_owner on colonies (colony_id);
