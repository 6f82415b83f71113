#!/usr/bin/env bash
# Three PostgreSQL nodes under Patroni, three etcd, one HAProxy, all on this machine: to try failovers, and to copy from.
# Needs Debian's patroni, etcd-server, haproxy and postgresql-15 (see README.md).
#
#   cluster.sh start FOLDER       makes the cluster in a folder that is not there yet, or starts the one in it; prints how to connect
#   cluster.sh status FOLDER      who is the primary, who follows, how far behind
#   cluster.sh stop FOLDER        stops all of it, cleanly; the data stays
#   cluster.sh start-node FOLDER N, stop-node FOLDER N, switchover FOLDER
#
# Ports are counted from HA_PORT (15400): +0 the primary, +1 the standbys, +11.. PostgreSQL, +21.. Patroni, +31.. etcd,
# +41.. etcd among themselves. Root starts it as the user HA_USER (postgres): PostgreSQL does not run as root.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly nodes='1 2 3'
readonly host=127.0.0.1
readonly command=${1:-} folder=${2:-} node=${3:-}
readonly passwords=$folder/pgpass

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

# ── where things are ──────────────────────────────────────────────────────────────────────────────────────────────

port() { echo $((base + $1)); }
primary_port() { port 0; }
standbys_port() { port 1; }
pg_port() { port $((10 + $1)); }
rest_port() { port $((20 + $1)); }
etcd_port() { port $((30 + $1)); }
etcd_peer_port() { port $((40 + $1)); }

etcd_hosts() {
  local n hosts=''
  for n in $nodes; do hosts+="${hosts:+,}$host:$(etcd_port "$n")"; done
  echo "$hosts"
}

etcd_peers() {
  local n peers=''
  for n in $nodes; do peers+="${peers:+,}etcd$n=http://$host:$(etcd_peer_port "$n")"; done
  echo "$peers"
}

# The newest PostgreSQL that Debian has put here.
bin_dir() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }

require_programs() {
  local program missing=''
  for program in patroni patronictl etcd haproxy curl; do
    command -v "$program" >/dev/null || missing+=" $program"
  done
  [ -n "$(bin_dir)" ] || missing+=' postgresql'
  [ -z "$missing" ] || fail "missing:$missing. Install: apt-get install --no-install-recommends patroni etcd-server haproxy postgresql-15 curl"
}

# ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

# launch NAME COMMAND...: in the background, in a session of its own, with its output and its pid in the folder.
launch() {
  local name=$1
  shift
  setsid nohup "$@" >>"$folder/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$folder/$name.pid"
}

# A number may belong to another process after a restart of the machine: its command line tells.
is_alive() {
  local pid
  pid=$(head -n 1 "$1" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF "$folder/"
}

is_running() { is_alive "$folder/$1.pid"; }

# finish NAME SECONDS: SIGTERM, and SIGKILL to what is still there after that time.
finish() {
  local name=$1 left=$(($2 * 5))
  if is_running "$name"; then kill -TERM "$(cat "$folder/$name.pid")" 2>/dev/null || true; fi
  while is_running "$name"; do
    if [ $((left -= 1)) -lt 0 ]; then
      echo "$name does not end: killed" >&2
      kill -KILL "$(cat "$folder/$name.pid")" 2>/dev/null || true
    fi
    sleep 0.2
  done
  rm -f "$folder/$name.pid"
}

# wait_until SECONDS WHAT COMMAND...
wait_until() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "gave up waiting: $what. Logs are in $folder"
    sleep 0.2
  done
}

# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

start_etcd() {
  local n=$1
  if is_running "etcd$n"; then return; fi
  # Votes after a second of silence: with less, a busy machine alone changes the leader.
  launch "etcd$n" etcd --name "etcd$n" --data-dir "$folder/etcd$n" \
    --listen-client-urls "http://$host:$(etcd_port "$n")" --advertise-client-urls "http://$host:$(etcd_port "$n")" \
    --listen-peer-urls "http://$host:$(etcd_peer_port "$n")" --initial-advertise-peer-urls "http://$host:$(etcd_peer_port "$n")" \
    --initial-cluster "$(etcd_peers)" --initial-cluster-token colonies --initial-cluster-state new \
    --heartbeat-interval 100 --election-timeout 1000 --auto-compaction-retention 1 --logger zap --log-level warn
}

etcd_is_healthy() {
  local n
  for n in $nodes; do
    curl -sf -m 2 "http://$host:$(etcd_port "$n")/health" | grep -q true && return
  done
  return 1
}

start_node() {
  local n=$1 in="$folder/node$1"
  if is_running "node$n"; then return; fi
  mkdir -p -m 700 "$in"
  sed --file=- "$here/patroni.yml" >"$in/patroni.yml" <<END
s|@NAME@|node$n|g; s|@HOST@|$host|g; s|@NETWORK@|$host/32|g; s|@FOLDER@|$in|g; s|@BIN_DIR@|$(bin_dir)|g
s|@PG_PORT@|$(pg_port "$n")|g; s|@REST_PORT@|$(rest_port "$n")|g; s|@ETCD_HOSTS@|$(etcd_hosts)|g; s|@WATCHDOG@|off|g
s|@SUPERUSER_PASSWORD@|$(password_of postgres)|g
s|@REPLICATION_PASSWORD@|$(password_of replicator)|g
s|@REWIND_PASSWORD@|$(password_of rewinder)|g
END
  launch "node$n" patroni "$in/patroni.yml"
}

# Patroni takes its PostgreSQL along, unless it was killed.
stop_node() {
  local data="$folder/node$1/data"
  finish "node$1" 60
  if is_alive "$data/postmaster.pid"; then
    echo "node$1 left PostgreSQL behind: stopped at once, it recovers at its next start" >&2
    "$(bin_dir)/pg_ctl" stop --silent --mode=immediate --pgdata="$data"
  fi
}

node_answers() { curl -sf -m 2 -o /dev/null "http://$host:$(rest_port "$1")/$2"; }

some_primary() {
  local n
  for n in $nodes; do node_answers "$n" primary && return; done
  return 1
}

# The cluster may be written to, and a commit waits for a standby.
a_synchronous_standby() {
  local n
  for n in $nodes; do node_answers "$n" synchronous && return; done
  return 1
}

start_haproxy() {
  if is_running haproxy; then return; fi
  local n
  export HA_FOLDER=$folder HA_HOST=$host HA_PRIMARY_PORT=$(primary_port) HA_STANDBYS_PORT=$(standbys_port)
  for n in $nodes; do export "HA_NODE$n=$host:$(pg_port "$n")" "HA_REST$n=$(rest_port "$n")"; done
  haproxy -c -q -f "$here/haproxy.cfg" || fail 'haproxy.cfg has faults'
  launch haproxy haproxy -W -f "$here/haproxy.cfg" -p "$folder/haproxy.worker.pid"
}

sql() {
  PGPASSFILE=$passwords PGCONNECT_TIMEOUT=3 \
    "$(bin_dir)/psql" -XqAt -v ON_ERROR_STOP=1 -h "$host" -p "$(primary_port)" -U postgres "$@"
}

# Role and database of Colonies; nothing where they are.
make_database() {
  if [ -z "$(sql -d postgres -c "select 1 from pg_roles where rolname = 'colonies'")" ]; then
    sql -d postgres <<<"create role colonies login createdb password '$(password_of colonies)'"
  fi
  if [ -z "$(sql -d postgres -c "select 1 from pg_database where datname = 'colonies'")" ]; then
    sql -d postgres -c "create database colonies owner colonies template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
  fi
}

# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────

start() {
  local n
  require_programs
  for n in $nodes; do start_etcd "$n"; done
  wait_until 30 'etcd has a leader' etcd_is_healthy
  # One node makes the cluster, the others copy it.
  start_node 1
  if [ ! -e "$folder/made" ]; then wait_until 90 'the first primary' some_primary; fi
  for n in $nodes; do start_node "$n"; done
  wait_until 90 'a primary' some_primary
  wait_until 90 'a synchronous standby' a_synchronous_standby
  start_haproxy
  wait_until 30 'the way to the primary' sql -d postgres -c 'select'
  make_database
  touch "$folder/made"
  echo "COLONIES_DB_HOST=$host"
  echo "COLONIES_DB_PORT=$(primary_port)"
  echo 'COLONIES_DB_USER=colonies'
  echo "COLONIES_DB_PASSWORD=$(password_of colonies)"
  echo 'COLONIES_DB_NAME=colonies'
}

stop() {
  local n
  finish haproxy 5
  # All at once: one that is stopped alone hands its office to the next.
  for n in $nodes; do stop_node "$n" & done
  wait
  for n in $nodes; do finish "etcd$n" 10; done
}

# Without etcd patronictl would ask for ever.
control() {
  etcd_is_healthy || fail "the cluster in $folder does not run: start it, or look at the logs of etcd in there"
  patronictl -c "$folder/node1/patroni.yml" "$@"
}

# With --force nobody is asked; without --candidate the synchronous standby takes over.
switchover() { control switchover colonies --force; }

require_node() {
  case $node in 1 | 2 | 3) ;; *) fail 'which node: 1, 2 or 3?' ;; esac
}

# ── the folder ────────────────────────────────────────────────────────────────────────────────────────────────────

# claim_folder OWNER: makes the folder, or ends where there is one that this script did not make for OWNER.
claim_folder() {
  [ ! -L "$folder" ] || fail "$folder is a link"
  if [ ! -e "$folder" ]; then
    [ "$command" = start ] || fail "there is no cluster in $folder"
    # Not with its parents, and not if somebody was faster.
    mkdir -m 700 "$folder" || fail "$folder cannot be made: the folder above it has to be there"
    chown "$1:" "$folder"
  elif [ ! -f "$passwords" ] || [ "$(stat -c %U "$folder")" != "$1" ]; then
    fail "$folder is there, and is no cluster of the user $1: name a folder that is not there yet"
  fi
}

# As libpq reads it, one line for each role.
make_passwords() {
  local role
  echo "${HA_PORT:-15400}" >"$folder/port"
  for role in postgres replicator rewinder colonies; do
    echo "$host:*:*:$role:$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
  done >"$passwords.part"
  mv "$passwords.part" "$passwords"
}

password_of() { sed -n "s/^.*:$1:\(.*\)$/\1/p" "$passwords"; }

# ── beginning ─────────────────────────────────────────────────────────────────────────────────────────────────────

case $command in start | stop | status | start-node | stop-node | switchover) ;; *) usage ;; esac
[[ $folder = /* && $folder != */ ]] || fail 'the folder is given by its full path, without a / at its end'
# PostgreSQL's socket lies in it, and the path of a socket has at most 107 characters.
[ ${#folder} -le 70 ] || fail 'the path of the folder is too long: 70 characters at most'

if [ "$(id -u)" -eq 0 ]; then
  user=${HA_USER:-postgres}
  id "$user" >/dev/null 2>&1 || fail "there is no user $user; set HA_USER"
  claim_folder "$user"
  cd "$folder"
  as_user=(setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups env HOME="$folder")
  # A copy: that user may not get to where this file is. Written by that user, to whom the folder belongs.
  tar -C "$here" -c cluster.sh patroni.yml haproxy.cfg | "${as_user[@]}" tar -x --no-same-owner
  exec "${as_user[@]}" bash "$folder/cluster.sh" "$@"
fi

umask 077
# Root has claimed it before it started this copy.
[ "${BASH_SOURCE[0]}" = "$folder/cluster.sh" ] || claim_folder "$(id -un)"
exec 9>"$folder/lock" # one command at a time
flock -w 120 9 || fail 'another command is at work'
[ -f "$passwords" ] || make_passwords
readonly base=$(cat "$folder/port")

case $command in
  start) start ;;
  stop) stop ;;
  status) control list ;;
  start-node) require_node && start_node "$node" ;;
  stop-node) require_node && stop_node "$node" ;;
  switchover) switchover ;;
esac
