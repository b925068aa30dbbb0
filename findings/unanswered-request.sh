#!/usr/bin/env bash
# What the caller and the server see when a server has read a request and closes the connection without an answer.
#
# Versions   Debian 12: nginx 1.22.1, haproxy 2.6.12, Apache 2.4.71, Caddy 2.6.2; one server behind each, kept
#            connections on, nothing said about retries.
# Expected   One server, so one delivery; the proxy answers 502, whatever the method and whichever request of the
#            caller's connection it is.
# Behaviour  * nginx and Caddy send a GET a second time, to the same and only server, when its connection was a kept
#              one; the caller gets the answer to the second and nothing tells of the first. A POST goes out once: 502.
#            * haproxy and Apache send once, and answer 502 only to the first request of the caller's connection. To a
#              later one, POST too, they answer nothing at all: they close.
# Hurts      Whoever takes notices by GET: a restart in mid-request is one notice processed twice, and one caller's
#            request. Whoever keeps a connection to haproxy or Apache: a client that knows statuses alone has none to
#            log or to retry on, and an alarm on 5xx answers seen by callers stays silent.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin"
for pair in nginx=1.22.1 haproxy=2.6.12 apache2=2.4.71 caddy=2.6.2; do
  got=$(dpkg-query -W -f '${Version}' "${pair%=*}") || { echo "not installed: ${pair%=*}" >&2; exit 2; }
  echo "${pair%=*} $got"
  case $got in "${pair#*=}"[-+]*) ;; *) echo "this is about ${pair/=/ }" >&2; exit 2 ;; esac
done
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
chmod 755 "$T"
timeout 90 python3 - "$T" <<'PY'
import os, re, signal, socket, subprocess, sys, threading, time
T = sys.argv[1]
signal.signal(signal.SIGTERM, lambda *a: sys.exit(3))

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

# The server: /kept is answered, /never is read and never answered, /once only the second time it comes.
lock, seen = threading.Lock(), {}
listener = socket.create_server(("127.0.0.1", 0))
UP = listener.getsockname()[1]

def read_message(conn, buf):
    while b"\r\n\r\n" not in buf:
        more = conn.recv(65536)
        if not more:
            return None, b"", buf
        buf += more
    head, _, buf = buf.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
    length = int(length[1]) if length else 0
    while len(buf) < length:
        buf += conn.recv(65536)
    return head, buf[:length], buf[length:]

def serve(conn):
    buf = b""
    with conn:
        while True:
            try:
                head, _, buf = read_message(conn, buf)
            except OSError:
                return
            if head is None:
                return
            path = head.split()[1].decode()
            with lock:
                seen[path] = seen.get(path, 0) + 1
                times = seen[path]
            if path.startswith("/never") or (path.startswith("/once") and times == 1):
                conn.shutdown(socket.SHUT_RDWR)
                return
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<ok/>")

def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()

ports = {name: free_port() for name in ("nginx", "haproxy", "apache", "caddy")}
def write(name, text):
    with open(f"{T}/{name}", "w") as f:
        f.write(text)
    return f"{T}/{name}"

nginx = write("nginx.conf", f"""
daemon off; pid {T}/nginx.pid; error_log {T}/nginx.err; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {T}/n1; proxy_temp_path {T}/n2; fastcgi_temp_path {T}/n3; uwsgi_temp_path {T}/n4; scgi_temp_path {T}/n5;
  upstream only {{ server 127.0.0.1:{UP}; keepalive 4; }}
  server {{ listen 127.0.0.1:{ports['nginx']};
    location / {{ proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://only; }} }}
}}
""")
haproxy = write("haproxy.cfg", f"""
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend in
  bind 127.0.0.1:{ports['haproxy']}
  default_backend only
backend only
  server one 127.0.0.1:{UP}
""")
apache = write("apache.conf", f"""
ServerRoot /usr/lib/apache2
ServerName localhost
PidFile {T}/apache.pid
ErrorLog {T}/apache.err
DefaultRuntimeDir {T}
Listen 127.0.0.1:{ports['apache']}
User nobody
Group nogroup
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:{UP}/ retry=0
""")
caddy = write("Caddyfile", f"""
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{ports['caddy']} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{UP}
}}
""")
env = dict(os.environ, HOME=T, XDG_DATA_HOME=T, XDG_CONFIG_HOME=T)
commands = [["nginx", "-e", f"{T}/nginx.err", "-c", nginx], ["haproxy", "-db", "-f", haproxy],
            ["apache2", "-f", apache, "-DFOREGROUND"], ["caddy", "run", "--adapter", "caddyfile", "--config", caddy]]
running = []

def ask(conn, port, method, path):
    body = b"<notice/>" if method == "POST" else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body:
        head += f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n"
    conn.sendall(head.encode() + b"\r\n" + body)
    try:
        head, _, rest = read_message(conn, b"")
    except ConnectionResetError:
        return "closed"
    if head is None:
        return "closed" if not rest else "cut off"
    return head.split()[1].decode()

EXPECTED = {}
for name in ports:
    again = name in ("nginx", "caddy")
    for method in ("GET", "POST"):
        for path in ("/never", "/once"):
            EXPECTED[name, method, "first", path] = ("502", 1)
            if again and method == "GET":
                EXPECTED[name, method, "later", path] = ("502" if path == "/never" else "200", 2)
            else:
                EXPECTED[name, method, "later", path] = ("502" if again else "closed", 1)
changed = 0
try:
    for command in commands:
        running.append(subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=open(f"{T}/out", "a"), stderr=subprocess.STDOUT))
    for name, port in ports.items():
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.stderr.write(open(f"{T}/out").read())
            sys.stderr.write(f"{name} did not start\n")
            sys.exit(3)
    print(f"{'proxy':8} {'method':6} {'request':7} {'server':22} {'caller got':10} deliveries")
    for (name, method, which, path), expected in EXPECTED.items():
        own = f"{path}-{name}-{method}-{which}"
        with socket.create_connection(("127.0.0.1", ports[name])) as conn:
            conn.settimeout(10)
            if which == "later":
                assert ask(conn, ports[name], "GET", "/kept") == "200"
                time.sleep(0.1)
            got = ask(conn, ports[name], method, own)
        time.sleep(0.05)
        got = (got, seen.get(own, 0))
        what = "never answers" if path == "/never" else "closes once, then 200"
        note = "" if got == expected else f"   CHANGED, was {expected[0]}, {expected[1]}"
        changed += got != expected
        print(f"{name:8} {method:6} {which:7} {what:22} {got[0]:10} {got[1]}{note}")
finally:
    for p in running:
        p.terminate()
    for p in running:
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
sys.exit(1 if changed else 0)
PY
echo "as described"
