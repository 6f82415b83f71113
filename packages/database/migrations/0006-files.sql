-- Files: what is known about them, and snapshots of them. Their bytes are objects of an S3 service. A row is one revision
-- and never changes, but for `hidden`.

-- Who adds, removes or pins files of a colony locks its row first, so these come one after the other: numbers grow in the
-- order of the commits, and no revision is deleted while a snapshot is about to pin it.
create table file_numbers (
  colony  int primary key,
  last_nr bigint not null
);

create table files (
  colony         int not null,
  file_id        text collate "C" not null,
  label          text collate "C" not null,
  name           text collate "C" not null,
  sequence_nr    bigint not null,
  size           bigint not null,
  checksum       text collate "C" not null,
  checksum_alg   text collate "C" not null,
  server         text collate "C" not null,
  port           int not null,
  tls            boolean not null,
  region         text collate "C" not null,
  encryption_key text collate "C" not null,
  encryption_alg text collate "C" not null,
  bucket         text collate "C" not null,
  object         text collate "C" not null,
  -- Who added it.
  initiator_id   text collate "C" not null,
  initiator_name text collate "C" not null,
  added_at       timestamptz not null default now(),
  -- Removed, and still in a snapshot: found by its id only.
  hidden         boolean not null default false,
  primary key (colony, file_id)
);
create index files_newest on files (colony, label, name, sequence_nr desc) where not hidden;
-- Whether anything still names an object. Statements about one revision do not imply its predicate, so the planner never
-- takes it for them.
create index files_object on files (colony, bucket, object) where object <> '';

-- How many revisions each label has, hidden ones apart. Labels without any have no row.
create table file_labels (
  colony    int not null,
  label     text collate "C" not null,
  revisions bigint not null,
  primary key (colony, label)
) with (fillfactor = 80);

create table snapshots (
  colony         int not null,
  snapshot_id    text collate "C" not null,
  name           text collate "C" not null,
  -- Without a slash at the end; '' for the whole colony.
  label          text collate "C" not null,
  file_count     int not null,
  initiator_id   text collate "C" not null,
  initiator_name text collate "C" not null,
  added_at       timestamptz not null default now(),
  -- Nobody sees it any more; its files are being released.
  removed        boolean not null default false,
  primary key (colony, snapshot_id)
);
create unique index snapshots_name on snapshots (colony, name) where not removed;
create index snapshots_removed on snapshots (colony, snapshot_id) where removed;

create table snapshot_files (
  colony      int not null,
  snapshot_id text collate "C" not null,
  -- From 1, by label and name.
  position    int not null,
  file_id     text collate "C" not null,
  primary key (colony, snapshot_id, position)
);
create index snapshot_files_file on snapshot_files (colony, file_id);

-- Rows of no colony, as in `live`: the planner never sees these tables empty, where any index is as good as another.
insert into files (colony, file_id, label, name, sequence_nr, size, checksum, checksum_alg, server, port, tls, region,
  encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name)
select 0, lpad(to_hex(n), 64, '0'), '/' || n % 100, 'f' || n, n, 0, '', '', '', 0, false, '', '', '', '', 'o' || n, '', ''
from generate_series(1, 1000) n;

insert into file_labels (colony, label, revisions) select 0, '/' || n, 1 from generate_series(1, 1000) n;

insert into snapshots (colony, snapshot_id, name, label, file_count, initiator_id, initiator_name)
select 0, lpad(to_hex(n), 64, '0'), 's' || n, '', 1, '', '' from generate_series(1, 1000) n;

insert into snapshot_files (colony, snapshot_id, position, file_id)
select 0, lpad(to_hex(n), 64, '0'), 1, lpad(to_hex(n), 64, '0') from generate_series(1, 1000) n;
analyze files;
analyze file_labels;
analyze snapshots;
analyze snapshot_files;
