-- Channels: logs of messages that belong to a process, for its submitter and its holder.

-- One row per channel that has been written to: the counter that numbers its entries.
create table channels (
  colony     int not null,
  process_id text collate "C" not null,
  name       text collate "C" not null,
  -- How many entries there are; the position of the next one.
  entries    int not null default 0,
  -- Of all payloads.
  bytes      bigint not null default 0,
  last_at    timestamptz,
  primary key (colony, process_id, name)
) with (fillfactor = 80);

create table channel_entries (
  colony      int not null,
  process_id  text collate "C" not null,
  name        text collate "C" not null,
  -- From 0, without gaps.
  position    int not null,
  sender      text collate "C" not null,
  sequence    bigint not null,
  in_reply_to bigint not null,
  entry_type  text collate "C" not null,
  payload     bytea,
  added_at    timestamptz not null default now(),
  -- Digest of sender, channel and request id, where there is one: the same request is stored once.
  request_key bytea,
  primary key (colony, process_id, name, position)
);
create unique index channel_entries_request on channel_entries (colony, process_id, request_key)
  where request_key is not null;
-- Most payloads are short, or compressed already.
alter table channel_entries alter column payload set storage external;

-- Channels of removed processes whose entries are still to be deleted: there may be gigabytes of them.
create table dropped_channels (
  colony     int not null,
  process_id text collate "C" not null,
  name       text collate "C" not null,
  primary key (colony, process_id, name)
);
