-- replicas: 0009
-- Since when replicas have been listening without a gap. Nobody is silent for longer than somebody has listened: after an
-- outage of the database or of all replicas, or a step of the clock, executors get all their time to be heard again.
create table listening (
  -- One row.
  only_row boolean primary key default true check (only_row),
  since    timestamptz not null default now(),
  -- The last time at which a replica said so.
  last_at  timestamptz not null default now()
);
insert into listening default values;
