-- The embedded object store: what the bytes in its folder are called, and whose they are. A row is written after its file
-- is complete, and deleted before its file, so that a crash leaves at most a file without a row, which a sweep removes.

create table object_store (
  -- One row.
  only_row boolean primary key default true check (only_row),
  -- Also in the folder: a folder of another database is never swept.
  store_id text collate "C" not null,
  -- Makes the secret keys of all members; 32 bytes as hex.
  secret   text collate "C" not null
);

create table buckets (
  colony  int not null,
  name    text collate "C" not null,
  made_at timestamptz not null default now(),
  primary key (colony, name)
);

create table objects (
  colony       int not null,
  bucket       text collate "C" not null,
  key          text collate "C" not null,
  -- Names the file in the folder; another one with each new content.
  file_id      text collate "C" not null,
  size         bigint not null,
  etag         text collate "C" not null,
  content_type text collate "C" not null,
  -- JSON object of texts.
  metadata     text not null,
  stored_at    timestamptz not null default now(),
  primary key (colony, bucket, key)
);
create index objects_file on objects (colony, file_id);

-- Objects that arrive in parts.
create table uploads (
  colony       int not null,
  upload_id    text collate "C" not null,
  bucket       text collate "C" not null,
  key          text collate "C" not null,
  content_type text collate "C" not null,
  metadata     text not null,
  begun_at     timestamptz not null default now(),
  primary key (colony, upload_id)
);

create table upload_parts (
  colony    int not null,
  upload_id text collate "C" not null,
  number    int not null,
  file_id   text collate "C" not null,
  size      bigint not null,
  etag      text collate "C" not null,
  stored_at timestamptz not null default now(),
  primary key (colony, upload_id, number)
);
create index upload_parts_file on upload_parts (colony, file_id);

-- Bytes of objects and parts. Whoever changes them locks this row first, so sums and quotas are exact.
create table store_usage (
  colony int primary key,
  bytes  bigint not null
);
