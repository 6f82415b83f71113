#!/usr/bin/env bash
# One colony, from one Colonies database to another. Needs psql; connects as psql does (a URL, or PG* variables).
#
#   colony.sh export NAME [DATABASE] > colony.sql    all rows of the colony, as they are at one moment
#   colony.sh import FILE [DATABASE]                 all of them or none; refused where a colony of that name is
#
# The other database has to be of the same version: start a replica on it once. Bytes in an object store are not in the file.
set -euo pipefail

readonly command=${1:-} subject=${2:-} database=${3:-${PGDATABASE:-colonies}}

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

fail() {
  echo "colony.sh: $*" >&2
  exit 1
}

query() { psql --no-psqlrc -qAt -v ON_ERROR_STOP=1 -d "$database" "$@"; }

# Tables whose rows belong to colonies, and what is copied of them.
readonly tables="
  select c.oid, c.relname, 'colony' as owner from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and a.attname = 'colony' and not a.attisdropped and c.relname <> 'removed_colonies'
  union all select 'colonies'::regclass, 'colonies', 'colony_key'"
readonly columns="
  select attrelid as oid, string_agg(quote_ident(attname), ', ' order by attnum) as names from pg_attribute
  where attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' group by attrelid"

readonly last_line='-- This was all of it.'

version() { query -c 'select max(number) from schema_migrations'; }

# Writes what makes the file: one transaction, which reads all tables as they are at one moment.
statements() {
  echo 'begin isolation level repeatable read read only;'
  query -v key="$1" -v tables="$tables" -v columns="$columns" <<'SQL'
select format(E'\\echo create temp table came_%1$s as select %2$s from %1$s limit 0;
\\echo copy came_%1$s from stdin;
copy (select %2$s from %1$s where %3$s = %4$s) to stdout;
\\echo ''\\\\.''', relname, names, owner, :key)
from (:tables) t join (:columns) c using (oid) order by relname;
SQL
  echo 'commit;'
}

export_colony() {
  local key
  key=$(query -v name="$subject" <<<"select colony_key from colonies where name = :'name'")
  [ -n "$key" ] || fail "there is no colony $subject in this database"
  echo "-- colony $key, migration $(version): load it with colony.sh import"
  statements "$key" | query
  echo "$last_line"
}

import_colony() {
  local made
  [ -r "$subject" ] || fail "there is no file $subject that can be read"
  made=$(sed -n '1s/^-- colony [0-9]*, migration \([0-9]*\):.*/\1/p' "$subject")
  [ -n "$made" ] || fail "$subject was not written by colony.sh export"
  [ "$made" = "$(version)" ] ||
    fail "$subject is of version $made of the tables, this database of $(version): run the same version of Colonies on both"
  [ "$(tail -n 1 "$subject")" = "$last_line" ] || fail "$subject ends too early: export it again"
  # Whatever ends the text too early takes the commit away with it: psql itself sees an end like any other.
  { echo 'begin;' && cat "$subject" && insertions; } | query
}

# Gives the colony a key of its own here, and its rows to their tables; the commit comes last.
insertions() {
  query -v tables="$tables" -v columns="$columns" <<'SQL'
select format($$do $do$ declare taken text; begin
  select name into taken from colonies join came_colonies using (name);
  if found then raise exception 'colony %% already exists in this database; nothing was imported', taken; end if;
end $do$;
insert into colonies (%s) select * from came_colonies returning colony_key as key \gset
-- Before all that can still come: 1 for what is in the counters, 2 for what is not.
update came_events e set xact = (case when c.counted_to > e.xact then '1' else '2' end)::xid8
  from (select max(counted_to) as counted_to from came_counters) c;
update came_counters set counted_to = '2'::xid8;$$, names) from (:columns) c where oid = 'colonies'::regclass;
select format(E'update came_%1$s set colony = :key;
insert into %1$s (%2$s) select %2$s from came_%1$s;', relname, names)
from (:tables) t join (:columns) c using (oid) where relname <> 'colonies' order by relname;
select E'commit;\n\\echo the colony has key :key here: its objects belong into the folder of that name';
SQL
}

[ -n "$subject" ] || usage
case $command in
  export) export_colony ;;
  import) import_colony ;;
  *) usage ;;
esac
