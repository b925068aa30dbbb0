#!/usr/bin/env bash
# What a session behind pgbouncer knows of a database's time zone once that was changed.
#
# Versions   Debian 12: pgbouncer 1.18.0, postgresql-15; what is not named here as pgbouncer ships it.
# Expected   ALTER DATABASE ... SET counts for sessions that begin afterwards. So once every connection of the pool has
#            been replaced, whoever comes through pgbouncer has what whoever comes directly has.
# Behaviour  True of statement_timeout and IntervalStyle, and not of TimeZone and DateStyle: pgbouncer tells each new
#            client the values that the first connection of its pool had, and sets them again on every new connection
#            to the server. It stays so for as long as it runs, RELOAD or not, pooling by session or by transaction,
#            with no connection of old left; a user who comes for the first time has a pool of its own and sees the new
#            zone. ALTER ROLE does the same. RECONNECT makes it forget.
# Hurts      A ledger or a reporting database that is moved to the carrier's zone: psql beside the pooler shows +07,
#            migrations by another user too, and the service goes on cutting days at UTC, seven hours off, with nothing
#            in any log.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/usr/lib/postgresql/15/bin"
for pair in pgbouncer=1.18.0 postgresql-15=15; do
  got=$(dpkg-query -W -f '${Version}' "${pair%=*}") || { echo "not installed: ${pair%=*}" >&2; exit 2; }
  echo "${pair%=*} $got"
  case $got in "${pair#*=}"[-+.]*) ;; *) echo "this is about ${pair/=/ }" >&2; exit 2 ;; esac
done
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi; }
as_exec() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else exec "$@"; fi; }
T=$(mktemp -d) POOL=
stop_pool() { if [ -n "$POOL" ]; then kill "$POOL" 2>/dev/null || true; wait "$POOL" 2>/dev/null || true; POOL=; fi; }
cleanup() { stop_pool; if [ -d "$T/db" ]; then as pg_ctl -D "$T/db" -m fast -w -t 20 stop >/dev/null 2>&1 || true; fi; rm -rf "$T"; }
trap cleanup EXIT
trap 'exit 3' INT TERM
if [ "$(id -u)" = 0 ]; then chown postgres "$T"; fi
cd "$T"
read -r DB PB < <(python3 -c '
import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(x.getsockname()[1] for x in s))')
as initdb -D "$T/db" -A trust -U postgres --no-sync >/dev/null || exit 3
as pg_ctl -D "$T/db" -w -t 20 -l "$T/db.log" -o "-p $DB -k $T -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC" start >/dev/null || exit 3
ask() { # port, database, user, SQL
  PGCONNECT_TIMEOUT=3 timeout 5 psql -X -A -t -q "host=127.0.0.1 port=$1 dbname=$2 user=$3 sslmode=disable" -c "$4" 2>>"$T/ask.log"
}
ask "$DB" postgres postgres 'CREATE ROLE app LOGIN'
ask "$DB" postgres postgres 'CREATE ROLE fresh LOGIN'
printf '"%s" ""\n' app fresh postgres > users.txt
start_pool() { # mode
  printf '%s\n' '[databases]' "* = host=127.0.0.1 port=$DB" '[pgbouncer]' 'listen_addr = 127.0.0.1' "listen_port = $PB" 'unix_socket_dir =' \
    'auth_type = trust' "auth_file = $T/users.txt" 'admin_users = postgres' "pool_mode = $1" 'server_idle_timeout = 1' \
    "logfile = $T/pool.log" > pool.ini
  as_exec pgbouncer -q "$T/pool.ini" >/dev/null 2>&1 &
  POOL=$!
  for _ in $(seq 50); do if ask "$PB" pgbouncer postgres 'SHOW VERSION' >/dev/null; then return; fi; sleep 0.2; done
  exit 3
}
changed=0 n=0
see() { # what, got, expected
  if [ "$2" = "$3" ]; then echo "  $1: $2"; else echo "  $1: $2   CHANGED, was $3"; changed=1; fi
}
all() { # port, database, user
  local name got=
  for name in timezone datestyle statement_timeout intervalstyle; do got+="${got:+ | }$(ask "$1" "$2" "$3" "SHOW $name")"; done
  echo "$got"
}
OLD='UTC | ISO, MDY | 0 | postgres' NEW='Asia/Ho_Chi_Minh | ISO, DMY | 7s | iso_8601' MIXED='UTC | ISO, MDY | 7s | iso_8601'
try() { # pool mode, what is altered
  n=$((n + 1))
  local db="sdp$n" what=$2
  ask "$DB" postgres postgres "CREATE DATABASE $db"
  start_pool "$1"
  if [ "$what" = DATABASE ]; then what="DATABASE $db"; fi
  echo "pool_mode = $1, ALTER ${2/DATABASE/DATABASE sdp}: TimeZone, DateStyle, statement_timeout, IntervalStyle"
  see "before, through pgbouncer" "$(all "$PB" "$db" app)" "$OLD"
  for set in "timezone = 'Asia/Ho_Chi_Minh'" "datestyle = 'ISO, DMY'" "statement_timeout = '7s'" "intervalstyle = 'iso_8601'"; do
    ask "$DB" postgres postgres "ALTER $what SET $set"
  done
  for _ in $(seq 40); do
    left=$(ask "$DB" postgres postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = '$db'")
    if [ "$left" = 0 ]; then break; fi
    sleep 0.25
  done
  see "connections of the pool left" "$left" 0
  see "directly" "$(all "$DB" "$db" app)" "$NEW"
  see "through pgbouncer" "$(all "$PB" "$db" app)" "$MIXED"
  ask "$PB" pgbouncer postgres RELOAD >/dev/null
  see "through pgbouncer, after RELOAD" "$(all "$PB" "$db" app)" "$MIXED"
  if [ "$2" = DATABASE ]; then see "through pgbouncer, a user who was never there" "$(all "$PB" "$db" fresh)" "$NEW"; fi
  ask "$PB" pgbouncer postgres RECONNECT >/dev/null
  sleep 1
  see "through pgbouncer, after RECONNECT" "$(all "$PB" "$db" app)" "$NEW"
  stop_pool
}
try session DATABASE
try transaction DATABASE
try session "ROLE app"
if [ "$changed" != 0 ]; then exit 1; fi
echo "as described"
