#!/usr/bin/env bash
# What pgpool-II makes of a short restart of the only PostgreSQL behind it.
#
# Versions   Debian 12: pgpool2 4.3.5, postgresql-15; one backend, what is not named here as pgpool ships it.
# Expected   Whoever asks while the database is away gets an error; whoever asks once it is back gets rows, as without a
#            pool. At the least auto_failback brings back a backend that is well.
# Behaviour  One new connection in those seconds is enough: pgpool marks its only backend as down and from then on
#            refuses everybody, the database well and answering beside it, until pgpool is started anew. auto_failback
#            with a health check every second changes nothing. With nobody asking in those seconds the same restart
#            leaves no trace, so a try by hand on an idle system shows nothing.
# Hurts      A gateway that retries its connections, as it should: its own retries turn a minor upgrade of PostgreSQL
#            (a second or two) into an outage for as long as nobody looks. failover_on_backend_error = off, with no
#            health check, is well again at once.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/usr/lib/postgresql/15/bin"
for pair in pgpool2=4.3.5 postgresql-15=15; do
  got=$(dpkg-query -W -f '${Version}' "${pair%=*}") || { echo "not installed: ${pair%=*}" >&2; exit 2; }
  echo "${pair%=*} $got"
  case $got in "${pair#*=}"[-+.]*) ;; *) echo "this is about ${pair/=/ }" >&2; exit 2 ;; esac
done
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi; }
as_exec() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else exec "$@"; fi; }
T=$(mktemp -d) POOL=
stop_pool() { if [ -n "$POOL" ]; then kill "$POOL" 2>/dev/null || true; wait "$POOL" 2>/dev/null || true; POOL=; fi; }
stop_db() { as pg_ctl -D "$T/db" -m fast -w -t 20 stop >/dev/null 2>&1; }
cleanup() { stop_pool; if [ -d "$T/db" ]; then stop_db || true; fi; rm -rf "$T"; }
trap cleanup EXIT
trap 'exit 3' INT TERM
if [ "$(id -u)" = 0 ]; then chown postgres "$T"; fi
cd "$T"
read -r DB PP PCP < <(python3 -c '
import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(x.getsockname()[1] for x in s))')
as initdb -D "$T/db" -A trust -U postgres --no-sync >/dev/null || exit 3
start_db() { as pg_ctl -D "$T/db" -w -t 20 -l "$T/db.log" -o "-p $DB -k $T -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null || exit 3; }
start_pool() { # more settings
  { printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $PP" "pcp_port = $PCP" "unix_socket_directories = '$T'" \
      "pcp_socket_dir = '$T'" "pid_file_name = '$T/pgpool.pid'" "logdir = '$T'" "num_init_children = 4" \
      "backend_hostname0 = '127.0.0.1'" "backend_port0 = $DB" "sr_check_user = 'postgres'" "health_check_user = 'postgres'" "$@"
  } > pgpool.conf
  : > pcp.conf; : > pool_hba.conf
  as_exec pgpool -n -f "$T/pgpool.conf" -F "$T/pcp.conf" -a "$T/pool_hba.conf" >> "$T/pool.log" 2>&1 &
  POOL=$!
  for _ in $(seq 50); do [ "$(ask "$PP")" = rows ] && return; sleep 0.2; done
  tail -5 pool.log >&2; exit 3
}
ask() { # port -> rows, or refused
  local got
  got=$(PGCONNECT_TIMEOUT=3 timeout 5 psql -X -A -t -q "host=127.0.0.1 port=$1 user=postgres dbname=postgres sslmode=disable" -c 'select 1' 2>>"$T/ask.log") || true
  if [ "$got" = 1 ]; then echo rows; else echo refused; fi
}
changed=0
see() { # what, got, expected
  if [ "$2" = "$3" ]; then echo "  $1: $2"; else echo "  $1: $2   CHANGED, was $3"; changed=1; fi
}
twelve() { # twelve questions, a second apart -> how many were answered
  local n=0
  for _ in $(seq 12); do if [ "$(ask "$PP")" = rows ]; then n=$((n + 1)); fi; sleep 1; done
  echo "$n of 12 answered"
}
try() { # title, asked while away (yes or no), answered afterwards, settings
  local title=$1 asked=$2 expected=$3; shift 3
  echo "$title"
  rm -f pgpool_status
  start_pool "$@"
  see "before, through pgpool" "$(ask "$PP")" rows
  stop_db
  if [ "$asked" = yes ]; then see "while the database is away" "$(ask "$PP")" refused; fi
  sleep 1
  start_db
  see "back, asked directly" "$(ask "$DB")" rows
  see "back, through pgpool, from now on" "$(twelve)" "$expected"
  see "asked directly in the end" "$(ask "$DB")" rows
  stop_pool
  if [ "$expected" = "0 of 12 answered" ]; then
    start_pool "$@"
    see "pgpool started anew" "$(ask "$PP")" rows
    stop_pool
  fi
}
start_db
try "as shipped, one connection during the restart" yes "0 of 12 answered"
try "the same, auto_failback and a health check every second" yes "0 of 12 answered" \
  "auto_failback = on" "auto_failback_interval = 1" "health_check_period = 1" "health_check_timeout = 2"
try "as shipped, no connection during the restart" no "12 of 12 answered"
try "failover_on_backend_error = off, one connection during the restart" yes "12 of 12 answered" "failover_on_backend_error = off"
if [ "$changed" != 0 ]; then exit 1; fi
echo "as described"
