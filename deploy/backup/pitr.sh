#!/usr/bin/env bash
# Backups of a whole PostgreSQL that can be restored to any moment, with what PostgreSQL brings. As the user that runs PostgreSQL.
#
#   pitr.sh archive PATH NAME WAL            keeps one segment; postgresql.conf calls it:
#                                              archive_mode = on
#                                              archive_timeout = 60
#                                              archive_command = '/opt/colonies/deploy/backup/pitr.sh archive %p %f /backup/wal'
#   pitr.sh base FOLDER                      a checked base backup in FOLDER/<time>; connects as psql does (PG* variables)
#   pitr.sh restore BASE WAL DATA TARGET     makes the data folder DATA, to be started on its own port:
#                                              TARGET is latest, a time as '2026-11-21 10:00:00+00', or name:<restore point>
#   pitr.sh fence [SECONDS]                  on the restored server, before replicas start: what was handed out before counts no more;
#                                              waits until it has read its archive, an hour at most or SECONDS
set -euo pipefail

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

fail() {
  echo "pitr.sh: $*" >&2
  exit 1
}

# Whole or not at all, and on the disk before PostgreSQL forgets it; the same segment again is no error.
archive() {
  local from=$1 name=$2 wal=$3
  if [ -e "$wal/$name" ]; then
    cmp -s "$from" "$wal/$name" || fail "$wal/$name is there and is another one: this folder belongs to another PostgreSQL"
    return
  fi
  cp "$from" "$wal/.$name.part"
  sync "$wal/.$name.part"
  mv "$wal/.$name.part" "$wal/$name"
  sync "$wal"
}

base() {
  local to
  to=$1/$(date -u +%Y%m%dT%H%M%SZ)
  pg_basebackup --pgdata="$to" --wal-method=stream --checkpoint=fast --no-password
  "$(bin_of "$to")pg_verifybackup" --quiet "$to"
  echo "$to"
}

# Debian keeps the programs of each version apart.
bin_of() {
  local debian
  debian=/usr/lib/postgresql/$(cat "$1/PG_VERSION")/bin/
  if [ -d "$debian" ]; then echo "$debian"; fi
}

# The segment at which a base backup begins: an archive without it is that of another server, or has a hole.
first_segment() { sed -n 's/^START WAL LOCATION: .*file \([0-9A-F]*\))$/\1/p' "$1/backup_label"; }

restore() {
  local base=$1 wal data=$3 target=$4 first
  wal=$(cd "$2" && pwd) || fail "there is no folder $2 with the archive"
  first=$(first_segment "$base")
  [ -n "$first" ] && [ -e "$wal/$first" ] || fail "$wal has no segment $first, at which $base begins: is it the archive of this server?"
  [ ! -e "$data" ] || fail "$data is there already: a restore goes into a new folder"
  cp -a "$base" "$data"
  chmod 700 "$data"
  # A server that was restored itself has all this from then, and two targets at once are refused.
  sed -i -E '/^(archive_mode|restore_command|recovery_target[a-z_]*) *=/d' "$data/postgresql.auto.conf"
  {
    echo "archive_mode = off # until it has an archive of its own: two servers in one would end both"
    # Only 1 means that the archive ends here. All else (126) ends the start: a disk that went away would look like the end.
    echo "restore_command = 'test -e \"$wal/$first\" || exit 126; test -e \"$wal/%f\" || exit 1; cp \"$wal/%f\" \"%p\" || exit 126'"
    echo "recovery_target_action = promote"
    case $target in
      latest) ;;
      name:*) echo "recovery_target_name = '${target#name:}'" ;;
      *) echo "recovery_target_time = '$target'" ;;
    esac
  } >>"$data/postgresql.auto.conf"
  touch "$data/recovery.signal"
  if [ -e "$data/postgresql.conf" ]; then
    echo "start it: $(bin_of "$data")pg_ctl -D $data start"
  else # Debian has the settings elsewhere
    echo "start it: write data_directory = '$data' into the postgresql.conf of the server that was backed up, and start that"
  fi
}

query() { PGCONNECT_TIMEOUT=10 psql --no-psqlrc -qAt -v ON_ERROR_STOP=1 -c "$1"; }

# Executors live on with what they were given in a time that is no more, and the same processes may be given out again under the
# same numbers of attempt. Numbers that nobody has had make what is handed in late refused. What runs is held by nobody, so
# replicas put it back into the queue within half a minute; it is no retry.
fence() {
  local reading until=$((SECONDS + ${1:-3600}))
  while reading=$(query 'select pg_is_in_recovery()') && [ "$reading" = t ]; do
    [ $SECONDS -lt $until ] || fail 'it still reads its archive; its log tells how far it is. Nothing was changed: run this again'
    echo 'it still reads its archive' >&2
    sleep 1
  done
  [ "$reading" = f ] || fail 'the server does not answer; nothing was changed'
  query "
    with fenced as (
      update live set attempt = attempt + 1000, holder = case when state = 1 then 'restored' end where colony <> 0
      returning state)
    select format('processes fenced: %s; of these ran, and wait again half a minute after replicas have started: %s',
      count(*), count(*) filter (where state = 1)) from fenced"
}

readonly command=${1:-}
[ $# -eq 0 ] || shift
case $command:$# in
  archive:3) archive "$@" ;;
  base:1) base "$@" ;;
  restore:4) restore "$@" ;;
  fence:0 | fence:1) fence "$@" ;;
  *) usage ;;
esac
